"""The change log of a working tree: which revisions it compares, and the reasons that a cheap model adds.

The model is never needed: where it fails, the facts stand alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from throughline.agent.loop import SummarizerConfig
from throughline.agent.structured_call import StructuredCall
from throughline.domain.changes import ChangeSummary, ComparedRevisions
from throughline.domain.errors import UserError
from throughline.domain.ports import ModelError, Repository
from throughline.semantic_diff.llm_reasons import Change, parse_reasons, reason_requests, with_reasons


def compared_revisions(repository: Repository, said: str, *, staged: bool = False) -> ComparedRevisions:
    """What a revision or a range names. Raises UserError."""
    if ".." not in said:
        return ComparedRevisions(said, staged=staged)
    if staged:
        raise UserError("What is staged has no end to name: give one revision with --staged, or none.")
    dots = "..." if "..." in said else ".."
    start, _, end = said.partition(dots)
    start, end = start or "HEAD", end or "HEAD"
    return ComparedRevisions(repository.base(start, end) if dots == "..." else start, end)


async def explain_changes(
    changes: Sequence[Change], writer: SummarizerConfig, count: Callable[[str], int], patience: float
) -> tuple[tuple[ChangeSummary, ...], str]:
    """The bullets with the reasons that came within `patience` seconds a request, and what went wrong, if anything."""
    reasons: dict[str, str] = {}
    wrong = ""
    try:
        for request, paths in await asyncio.to_thread(
            lambda: list(reason_requests(changes, writer.prompt, writer.name, count))
        ):
            async with asyncio.timeout(patience):
                reasons |= parse_reasons(await StructuredCall(writer.model).ask(request), paths)
    except TimeoutError:
        wrong = f"{writer.name} took too long to say why."
    except ModelError as error:
        wrong = f"{writer.name} could not say why: {error}"
    return with_reasons([bullet for _, bullet in changes], reasons), wrong
