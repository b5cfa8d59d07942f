"""The archive of one session: what lasts moves into it, at once or as a change that waits to be accepted."""

from __future__ import annotations

import asyncio
import logging
from typing import Literal

from throughline.agent.loop import AgentConfig
from throughline.context.compaction import after_event, propose
from throughline.domain.errors import UserError
from throughline.domain.events import (
    ArchiveProposed,
    ArchiveRejected,
    ArchiveWritten,
    CallBilled,
    Compacted,
    Notice,
    SessionEnded,
)
from throughline.domain.settings import Settings
from throughline.memory.archive.distill import distilled_diff, rules_outgrow
from throughline.memory.archive.identity import project_identity
from throughline.memory.archive.merge import ArchiveDiff, merge_archive
from throughline.memory.archive.refine import archive_request, refine_archive
from throughline.session.actor import ClosedError, Journal, Mailbox, RefusedError, SessionPorts
from throughline.session.background_llm import call_tool_once
from throughline.session.compactor import Compactor

log = logging.getLogger(__name__)


class ArchiveService:
    """Distils one session. A change that nobody has accepted waits in the session's log."""

    def __init__(
        self,
        ports: SessionPorts,
        config: AgentConfig,
        settings: Settings,
        journal: Journal,
        mailbox: Mailbox,
        compactor: Compactor,
    ) -> None:
        self._ports = ports
        self._config = config
        self._settings = settings
        self._journal = journal
        self._mailbox = mailbox
        self._compactor = compactor
        self._task: asyncio.Task[None] | None = None

    @property
    def pending(self) -> ArchiveProposed | None:
        """The change that waits, as it was proposed."""
        return self._journal.session.proposed

    async def change(self) -> ArchiveDiff:
        """What accepting would do to the archive as it is now; where nothing waits, what distilling now would do.

        Changes nothing. Raises ConflictError where the archive has conflict markers.
        """
        pending = self.pending
        now = await self._ports.in_worker(self._ports.archive.read)
        if pending is None:
            return ArchiveDiff(now, await self._ports.in_worker(lambda: self._local(now)))
        return await self._ports.in_worker(lambda: ArchiveDiff(now, self._merged(pending, now)))

    async def propose(self) -> ArchiveProposed | None:
        """Distils what the session knows so far, by local rules, into a change that waits: None where nothing would
        change.
        """
        return await self._mailbox.post(self._propose)

    async def accept(self, edited: str | None = None) -> str:
        """Writes the change that waits into the archive as it is now, or what the user has made of it: the text.

        Raises RefusedError where nothing waits, ConflictError where the archive or the edit has conflict markers.
        """

        async def act() -> str:
            pending = self._waiting()
            if edited is not None and not edited.strip():
                raise RefusedError("The archive would be empty: reject the change instead.")

            def work() -> str:
                now = self._ports.archive.read()
                return self._write(self._merged(pending, now, edited))

            text = await self._ports.in_worker(work)
            await self._journal.keep([ArchiveWritten(text, self._count(text))])
            return text

        return await self._mailbox.post(act)

    async def reject(self) -> None:
        """Lets go of the change that waits. Raises RefusedError where there is none."""

        async def act() -> None:
            self._waiting()
            await self._journal.keep([ArchiveRejected()])

        await self._mailbox.post(act)

    async def finish(self) -> str:
        """An act: compacts what is left, distils, and ends the session. The archive's text, or what it would be."""
        if self._journal.session.ended:
            raise RefusedError("The session has ended already.")
        recent = self._journal.session.recent
        if recent:
            await self._compactor.compact(recent[-1].number, always=True)
        # The file as it is now: another session, or a person, may have written it since this one began.
        now = await self._ports.in_worker(self._ports.archive.read)
        text, by, bill = await self._refined(await self._ports.in_worker(lambda: self._local(now)))
        text = text if text.strip() else now
        told = await self._ports.in_worker(self._rules_notice)
        if self._settings.distil == "ask":
            proposed = [ArchiveProposed(now, text, self._count(text), by)] if text != now else []
            await self._journal.keep([*bill, *told, *proposed, SessionEnded()])
            return text
        text = await self._ports.in_worker(lambda: self._write(text))
        await self._journal.keep([*bill, *told, ArchiveWritten(text, self._count(text)), SessionEnded()])
        return text

    async def on_window_close(self) -> None:
        """An act: before its window closes, a session that goes on another day is distilled, for the case that it never
        does. What cannot be done is logged: nothing may hold up the closing.
        """
        session = self._journal.session
        if session.ended or session.origin != "live" or not session.turns:
            return
        try:
            await self._propose()
        except UserError as error:
            log.error("the session could not be distilled when its window closed: %s", error)

    def refine_pending(self) -> None:
        """Has the model make anew what local rules proposed when the window closed."""
        pending, summariser = self.pending, self._config.summariser
        if pending is not None and pending.by == "local" and summariser is not None and summariser.distilling:
            self._task = asyncio.create_task(self._improve(pending))

    async def stop(self) -> None:
        """Gives up what the model is asked."""
        if self._task is not None:
            self._task.cancel()
            await self.idle()

    async def idle(self) -> None:
        """Returns when no model is being asked."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _propose(self) -> ArchiveProposed | None:
        session, pending = self._journal.session, self.pending
        now = await self._ports.in_worker(self._ports.archive.read)
        if pending and pending.base == now and session.proposed_of == (len(session.turns), len(session.ledger_history)):
            return pending  # Nothing has happened since, and a model may have made it.
        text = await self._ports.in_worker(lambda: self._local(now))
        if text == now:
            return None
        made = ArchiveProposed(now, text, self._count(text))
        if made != pending:
            await self._journal.keep([made])
        return made

    async def _improve(self, pending: ArchiveProposed) -> None:
        try:
            now = await self._ports.in_worker(self._ports.archive.read)
            text, by, bill = await self._refined(await self._ports.in_worker(lambda: self._local(now)))

            async def act() -> None:
                better = by == "model" and self.pending == pending
                made = [ArchiveProposed(now, text, self._count(text), by)] if better else []
                if bill or made:
                    await self._journal.keep([*bill, *made])

            await self._mailbox.post(act)
        except ClosedError:
            pass  # What local rules proposed is there.
        except UserError as error:
            log.error("the archive change that waits could not be made anew: %s", error)
        except Exception:
            log.exception("the archive change that waits could not be made anew")

    def _write(self, text: str) -> str:
        """Writes the archive without the credentials that somebody may have said: what is committed is read by all."""
        hidden: str = self._ports.hide(text)
        self._ports.archive.write(hidden)
        return hidden

    def _waiting(self) -> ArchiveProposed:
        if self.pending is None:
            raise RefusedError("No archive change waits to be accepted.")
        return self.pending

    def _merged(self, pending: ArchiveProposed, now: str, edited: str | None = None) -> str:
        text = pending.text if edited is None else edited
        return merge_archive(ArchiveDiff(pending.base, text), now, self._journal.session.project)

    def _local(self, now: str) -> str:
        """The archive with what lasts of the session, by local rules; turns that are still verbatim count too."""
        session = self._journal.session
        if session.recent:
            last = propose(session, session.recent[-1].number)
            session = after_event(session, Compacted("", last.through, last.operations, 0, 0, 0, 0))
        count, settings = self._ports.tokens.count, self._settings
        # A demo and a recording are played elsewhere: the files at hand are not what they are about.
        identity = project_identity(session.project, self._ports.workspace.text) if session.origin == "live" else ""
        return distilled_diff(session, now, settings.archive, count, identity)

    def _rules_notice(self) -> tuple[Notice, ...]:
        """A line that asks which rules to merge, where the archive has no room for all of the shared ones."""
        most = self._settings.archive
        if not (size := rules_outgrow(self._journal.session, most, self._ports.tokens.count)):
            return ()
        said = (
            f"The shared rules take {size:,} tokens, and the archive may take {most:,}. Those without room are in "
            "force all the same, but a colleague does not get them: merge or retire some in Memory."
        )
        return (Notice(said),)

    async def _refined(self, local: str) -> tuple[str, Literal["local", "model"], tuple[CallBilled, ...]]:
        """What a model makes of an archive that local rules distilled, who made it, and the cost."""
        session, summariser = self._journal.session, self._config.summariser
        if summariser is None or not summariser.distilling:
            return local, "local", ()
        count, settings = self._ports.tokens.count, self._settings
        asked = await self._ports.in_worker(
            lambda: archive_request(session, local, summariser.distilling, summariser.name, settings, count)
        )
        if asked is None:
            return local, "local", ()
        answer = await call_tool_once(self._config, summariser, asked, settings.patience)
        made = await self._ports.in_worker(lambda: refine_archive(session, local, answer.args, settings.archive, count))
        for line in made.dropped:
            log.info("dropped from the answer about the archive: %s", line)
        return made.text, "model" if made.changed else "local", answer.bill

    def _count(self, text: str) -> int:
        return self._ports.tokens.count(text)
