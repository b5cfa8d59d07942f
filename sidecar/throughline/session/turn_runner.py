"""The runner of a session's turns, one after another; messages that come meanwhile wait in the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from throughline.agent import loop
from throughline.domain.errors import UserError
from throughline.domain.events import (
    Ending,
    MessageQueued,
    MessageWithdrawn,
    ToolReturned,
    TurnEnded,
    TurnResumed,
    UserMessage,
)
from throughline.domain.ports import ModelError
from throughline.domain.session import Turn
from throughline.session.actor import ClosedError, Journal, Mailbox, RefusedError, SessionPorts
from throughline.session.compactor import Compactor

log = logging.getLogger(__name__)
# The characters of a message: more fill any model's context.
LONGEST = 1_000_000
_UNWRITTEN = "What ended this turn could not be written."


def sendable(text: str) -> str:
    """A message that a person wants to send. Raises RefusedError where there is nothing in it, or far too much."""
    if not text.strip():
        raise RefusedError("The message is empty.")
    if len(text) > LONGEST:
        raise RefusedError(
            f"The message is too long: {len(text):,} characters, and at most {LONGEST:,} can be sent. "
            "Put them into a file, and mention that."
        )
    return text


class TurnRunner:
    """The turn that runs and those that wait; `busy` while one runs. All but `idle` are acts in the owner's mailbox."""

    def __init__(
        self,
        ports: SessionPorts,
        config: loop.AgentConfig,
        context: loop.TurnContext,
        journal: Journal,
        compactor: Compactor,
        mailbox: Mailbox,
    ) -> None:
        self._ports = ports
        self._config = config
        self._context = context
        self._journal = journal
        self._compactor = compactor
        self._mailbox = mailbox
        self._task: asyncio.Task[None] | None = None
        self._playing: asyncio.Task[str] | None = None
        self._stopping = False
        self.busy = False

    async def idle(self) -> None:
        """Returns when no turn runs."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def submit(self, texts: Sequence[str]) -> int:
        """Opens a turn with the user's words, now or after those that run and wait; its number. The words of a turn
        that broke off, said once more, have that turn go on: they stand in the view once.
        """
        session = self._journal.session
        if session.ended or self._stopping:
            raise RefusedError("The session has ended: start a new one.")
        if not self.busy and not session.queue:
            await self.close_interrupted(_UNWRITTEN)
            broken = self._journal.session.retryable
            if broken is not None and broken.said == tuple(texts):
                return await self._resume(broken.number)
        number = session.next_turn
        sizes = await self._ports.in_worker(lambda: [self._ports.tokens.count(text) for text in texts])
        if self.busy or session.queue:
            await self._journal.keep(
                [MessageQueued(number, text, size) for text, size in zip(texts, sizes, strict=True)]
            )
            if not self.busy:
                await self._next()
        else:
            await self._open(number, [UserMessage(number, text, size) for text, size in zip(texts, sizes, strict=True)])
        return number

    async def retry(self) -> int:
        """Has the newest turn go on, where it failed or was interrupted; its number. Raises RefusedError."""
        session = self._journal.session
        if session.ended or self._stopping:
            raise RefusedError("The session has ended: start a new one.")
        if self.busy or session.queue:
            raise RefusedError("A turn is running: wait for its end, or stop it.")
        await self.close_interrupted(_UNWRITTEN)
        broken = self._journal.session.retryable
        if broken is None:
            raise RefusedError("There is nothing to retry: the last turn did not fail.")
        return await self._resume(broken.number)

    async def stop(self, *, for_good: bool = False) -> None:
        """Has the running turn end and takes back the messages that wait; await `idle` after it."""
        self._stopping = self._stopping or for_good
        if self._playing is not None:
            self._playing.cancel()
        if self._journal.session.queue:
            await self._journal.keep([MessageWithdrawn()])

    async def withdraw(self, number: int) -> None:
        """Takes back the words that wait for one turn."""
        if all(words.turn != number for words in self._journal.session.queue):
            raise RefusedError("That message is not waiting any more.")
        await self._journal.keep([MessageWithdrawn(number)])

    async def resume_accepting(self) -> None:
        """Takes messages again, after an end that failed."""
        self._stopping = False

    async def close_interrupted(self, detail: str) -> None:
        """Ends the turns that a crash or a failed write left open, and takes back what waited for them."""
        left = self._left(detail)
        waited = [MessageWithdrawn()] if self._journal.session.queue else []
        if left or waited:
            await self._journal.keep([*left, *waited])

    async def _open(self, number: int, words: Sequence[UserMessage]) -> None:
        left = self._left(_UNWRITTEN)
        await self._journal.keep([*left, *await self._compactor.fresh(), *words])
        self._run(number)

    async def _resume(self, number: int) -> int:
        await self._journal.keep([TurnResumed(number)])
        self._run(number)
        return number

    def _run(self, number: int) -> None:
        self._playing = asyncio.create_task(loop.run_turn(self._context, self._config, number))
        self._task = asyncio.create_task(self._play(number, self._playing))
        self.busy = True

    async def _next(self) -> None:
        """Starts the turn that has waited longest."""
        queue = self._journal.session.queue
        number = queue[0].turn
        await self._open(number, [UserMessage(number, one.text, one.tokens) for one in queue if one.turn == number])

    async def _play(self, number: int, playing: asyncio.Task[str]) -> None:
        """Waits for a turn's end, which may be a cancellation at any time, and settles what follows from it."""
        ending: Ending = "done"
        detail = ""
        try:
            detail = await playing
            ending = "stopped" if detail else "done"
        except asyncio.CancelledError:
            ending = "cancelled"
        except ModelError as error:
            ending, detail = "failed", str(error)
        except UserError as error:  # A disk that is full, say: the world's fault, and not the program's.
            ending, detail = "failed", f"The turn stopped: {error}"
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # whatever failed, the turn must end
            log.exception("turn %d failed", number)
            ending, detail = "failed", f"The turn stopped: {error}"
        try:
            await self._mailbox.post(lambda: self._settle(number, ending, detail))
        except ClosedError:
            pass  # The next opening of the session ends the turn.
        except UserError as error:
            log.error("the end of turn %d could not be kept, and will be with the next message: %s", number, error)

    async def _settle(self, number: int, ending: Ending, detail: str) -> None:
        """Ends a turn, then starts the one that waits or compresses where due; no message can come in between."""
        self._playing, self.busy = None, False
        turn = next((turn for turn in self._journal.session.unended if turn.number == number), None)
        if turn is not None:
            await self._journal.keep(self._ended(turn, ending, detail))
        if self._journal.session.queue and not self._stopping:
            await self._next()
        else:
            await self._compactor.prepare(ahead=not self._stopping)

    def _left(self, detail: str) -> list[ToolReturned | TurnEnded]:
        """The ends of the turns that nothing has ended."""
        return [event for turn in self._journal.session.unended for event in self._ended(turn, "interrupted", detail)]

    def _ended(self, turn: Turn, ending: Ending, detail: str) -> list[ToolReturned | TurnEnded]:
        """The turn's end, and a result for each call that it leaves open, so that call and result stay together."""
        text = "The call was interrupted before it returned."
        size = self._ports.tokens.count(text)
        # What another tool recorded stays as it was.
        calls = () if self._journal.session.origin == "recording" else turn.unanswered
        return [
            *(ToolReturned(turn.number, call.id, text, size, error=True) for call in calls),
            TurnEnded(turn.number, ending, detail),
        ]
