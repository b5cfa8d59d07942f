"""What stands between a call and the world: what was ruled out, the user's leave, and a checkpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from throughline.agent.approval import free, pattern, special
from throughline.agent.revisit import ruled_out
from throughline.agent.tool import Ports, Want, Work
from throughline.core.acting import ActError, Allow, Ask, Place
from throughline.core.deeds import Answered, Asked, Checkpointed
from throughline.core.errors import UserError
from throughline.core.events import Noted
from throughline.core.ledger import Ledger


class RefusedCallError(ActError):
    """A call may not go on; the line is the model's to read."""


class Gate:
    """Lets calls through, one after another, and remembers for each turn what it has said and kept."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._warned: set[tuple[int, str]] = set()
        self._kept = 0

    async def admit(self, tool: str, wants: Sequence[Want], work: Work) -> None:
        """Returns when a call may run. Raises RefusedCallError where it may not, or not yet."""
        self._warn(wants, work)
        for want in wants:
            await self._permit(tool, want, work)
        if any(want.action != "read" for want in wants):
            await self._keep(work)

    def _warn(self, wants: Sequence[Want], work: Work) -> None:
        """Shows what was ruled out, once a turn: the same call again goes through."""
        ledger: Ledger = work.session.ledger
        for want in wants:
            if want.action == "read":
                continue
            found = [
                entry for entry in ruled_out(ledger, want.target, want.new) if (work.turn, entry.id) not in self._warned
            ]
            if found:
                self._warned |= {(work.turn, entry.id) for entry in found}
                lines = "\n".join(f"- {one.text}{f' — {one.why}' if one.why else ''}" for one in found)
                raise RefusedCallError(
                    f"This was not done yet: it looks like what was ruled out in this session.\n{lines}\n"
                    "Take another way; if it is something else, or there is a new reason, say so and call again."
                )

    async def _permit(self, tool: str, want: Want, work: Work) -> None:
        if free(want, (*self._ports.allowed, *work.session.allowed), self._place):
            return
        ask = Ask(work.turn, work.id, tool, want.action, want.target, want.detail, special(want), pattern(want))
        await work.log.record(Asked(work.turn, work.id, want.action, want.target, ask.why))
        answer = await self._ports.approver.ask(ask)
        if isinstance(answer, Allow):
            await work.log.record(Answered(work.turn, work.id, allowed=True, pattern=answer.pattern))
            return
        await work.log.record(Answered(work.turn, work.id, allowed=False, reason=answer.reason))
        why = f": {answer.reason}" if answer.reason.strip() else ". Ask what they would rather have"
        raise RefusedCallError(f"The user did not allow this{why}")

    def _place(self, path: str) -> Place | None:
        try:
            return self._ports.files.place(path)
        except ActError:
            return None

    async def _keep(self, work: Work) -> None:
        """Makes the turn's checkpoint, where it has none yet; a turn goes on without one, and says so."""
        if self._kept == work.turn or any(one.turn == work.turn for one in work.session.checkpoints):
            return
        self._kept = work.turn
        label = f"{work.session.id}/{work.turn}"
        try:
            made = await asyncio.to_thread(self._ports.checkpoints.take, label)
        except UserError as error:
            await work.log.record(Noted(f"There is no checkpoint before turn {work.turn}: {error}"))
            return
        await work.log.record(Checkpointed(work.turn, made.id, made.how, made.left_out))
