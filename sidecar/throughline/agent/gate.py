"""What stands between a call and the world: the user's leave, and a checkpoint; and a word on what was ruled out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from throughline.agent.approval import free, pattern, special
from throughline.agent.revisit import TOLD, ruled_out
from throughline.agent.tool import Ports, Want, Work
from throughline.core.acting import ActError, Allow, Ask, Place
from throughline.core.deeds import Answered, Asked, Checkpointed
from throughline.core.errors import UserError
from throughline.core.events import Noted
from throughline.core.permissions import patterns


class RefusedCallError(ActError):
    """A call may not go on; the line is the model's to read."""


class Gate:
    """Lets calls through, one after another, and remembers for each turn what it has said and kept."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._told: set[tuple[int, str]] = set()
        self._kept = 0
        self._unread = False

    async def admit(self, tool: str, wants: Sequence[Want], work: Work) -> str:
        """What the model should know of a call that may run, beside its result. Raises RefusedCallError where it may
        not run.
        """
        for want in wants:
            await self._permit(tool, want, work)
        if any(want.action != "read" for want in wants):
            await self._keep(work)
        return await self._reminder(wants, work)

    async def _reminder(self, wants: Sequence[Want], work: Work) -> str:
        """What was ruled out and looks like this call, told once a turn. Words are no proof, so that the call runs."""
        session = work.session
        # The whole session is looked through where anything is shared at all.
        looked = [await asyncio.to_thread(ruled_out, session, want, work.id) for want in wants]
        found = {entry.id: entry for entries in looked for entry in entries}
        new = [entry for entry in found.values() if (work.turn, entry.id) not in self._told]
        if not new:
            return ""
        self._told |= {(work.turn, entry.id) for entry in new}
        lines = (f"- {one.id}: {one.text}{f' — {one.why}' if one.why else ''}" for one in new)
        return "\n".join((
            TOLD, *lines,
            "If it is that, take it back and take another way; if not, go on.]",
        ))  # fmt: skip

    async def _permit(self, tool: str, want: Want, work: Work) -> None:
        given = await self._given(work)
        if free(want, (*self._ports.allowed, *given), self._place):
            return
        ask = Ask(work.turn, work.id, tool, want.action, want.target, want.detail, special(want), pattern(want))
        await work.log.record(Asked(work.turn, work.id, want.action, want.target, ask.why))
        answer = await self._ports.approver.ask(ask)
        if isinstance(answer, Allow):
            await work.log.record(Answered(work.turn, work.id, allowed=True, pattern=answer.pattern))
            if answer.pattern:
                await self._allow(answer.pattern, work)
            return
        await work.log.record(Answered(work.turn, work.id, allowed=False, reason=answer.reason))
        why = f": {answer.reason}" if answer.reason.strip() else ". Ask what they would rather have"
        raise RefusedCallError(f"The user did not allow this{why}")

    async def _given(self, work: Work) -> tuple[str, ...]:
        """What the user allowed for this session before. Nothing of it is taken from the log: that lies in the
        workspace, and whoever wrote it could have allowed anything.
        """
        try:
            return await asyncio.to_thread(patterns, self._ports.permissions, work.session.id)
        except UserError as error:
            if not self._unread:
                self._unread = True
                await work.log.record(Noted(str(error)))
            return ()

    async def _allow(self, fitting: str, work: Work) -> None:
        try:
            await asyncio.to_thread(self._ports.permissions.allow, work.session.id, fitting)
        except UserError as error:
            await work.log.record(Noted(str(error)))

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
