"""Has a cheap model say why files changed. It is never needed: where it fails, the facts stand alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from throughline.agent.loop import Summariser
from throughline.agent.single_call import SingleCall
from throughline.core.changes import Bullet
from throughline.core.ports import ModelError
from throughline.skeleton.why import Change, explained, read, requests


async def reasoned(
    changes: Sequence[Change], writer: Summariser, count: Callable[[str], int], patience: float
) -> tuple[tuple[Bullet, ...], str]:
    """The bullets with the reasons that came within `patience` seconds a request, and what went wrong, if anything."""
    reasons: dict[str, str] = {}
    wrong = ""
    try:
        for request, paths in await asyncio.to_thread(
            lambda: list(requests(changes, writer.prompt, writer.name, count))
        ):
            async with asyncio.timeout(patience):
                reasons |= read(await SingleCall(writer.model).ask(request), paths)
    except TimeoutError:
        wrong = f"{writer.name} took too long to say why."
    except ModelError as error:
        wrong = f"{writer.name} could not say why: {error}"
    return explained([bullet for _, bullet in changes], reasons), wrong
