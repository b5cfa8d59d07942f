"""Models and tools that play a recorded session."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from importlib.resources import files

from throughline.domain.events import ToolCalled, ToolReturned, UserMessage
from throughline.domain.ports import CallPiece, EndPiece, Log, Outcome, Piece, Request, TextPiece, Tokens, Tool, Toolbox
from throughline.domain.recording import RecordedCall, RecordedEvent, RecordedTurn
from throughline.domain.view import NOTE, View
from throughline.llm.prompt_cache_model import PromptCacheModel

_PIECES = re.compile(r"\S+\s*|\s+")


class ReplayCursor:
    """Where a recording is played, and its clock: the time of the call that comes next."""

    def __init__(self, scenes: Sequence[RecordedTurn]) -> None:
        self.scenes = tuple(scenes)
        self._scene = RecordedTurn((), ())
        self._next = 0
        self._now = next((step.at for scene in scenes for step in _steps(scene) if step.at is not None), 0.0)
        self._ids = _unique([step for scene in scenes for step in _steps(scene)])
        self.timed = any(step.at is not None for scene in scenes for step in _steps(scene))

    def now(self) -> float:
        """Seconds since the epoch, as the recording has them."""
        return self._now

    async def until(self, when: float) -> None:  # noqa: ARG002
        """Waits for ever: a recording's time passes only between its steps."""
        await asyncio.Event().wait()

    def begin(self, scene: RecordedTurn) -> None:
        """Puts the tape at the start of a turn."""
        self._scene, self._next = scene, 0
        self._tick(scene.exchanges[0].reply[0] if scene.exchanges else None, *scene.words)

    @property
    def point(self) -> int:
        """The index of the step at which the next call begins."""
        return self.exchange.point

    @property
    def exchange(self) -> RecordedCall:
        """The call that comes next."""
        return self._scene.exchanges[self._next]

    def turn_over(self) -> tuple[tuple[RecordedEvent, ...], bool]:
        """Goes on to the next call: what came in before it, and whether there is none in this turn."""
        self._next += 1
        if self._next < len(self._scene.exchanges):
            self._tick(self.exchange.reply[0])
            return self.exchange.before, False
        self._tick(None, *self._scene.after)
        return self._scene.after, True

    def id(self, step: RecordedEvent) -> str:
        """The id that ties a call and its result, unique in the recording."""
        return self._ids[step.i]

    def _tick(self, *steps: RecordedEvent | None) -> None:
        times = [step.at for step in steps if step is not None and step.at is not None]
        # A recording's clock may jump back; a session's does not.
        self._now = max([self._now, *times[:1]])


class ReplayModel:
    """Gives the recording's replies in their order, whatever is asked."""

    def __init__(self, cursor: ReplayCursor, cache: PromptCacheModel, tokens: Tokens) -> None:
        self._cursor = cursor
        self._cache = cache
        self._tokens = tokens

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        """The recorded reply, a block a piece."""
        output = 0
        for piece in _pieces(self._cursor.exchange.reply, self._cursor.id):
            output += self._tokens.count(piece.text if isinstance(piece, TextPiece) else str(piece.args))
            yield piece
        yield EndPiece("end_turn", self._cache.usage(request.view, output))

    def suggestion(self, said: Sequence[str]) -> str:  # noqa: ARG002
        """Nothing: a replay has no user."""
        return ""


class ReplayTools:
    """Gives what came in after a reply in the recording."""

    def __init__(self, cursor: ReplayCursor, tokens: Tokens) -> None:
        self._cursor = cursor
        self._tokens = tokens

    def offered(self) -> tuple[Tool, ...]:
        """Nothing: a recording's tools are part of its replies."""
        return ()

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:  # noqa: ARG002
        """The recorded results, whichever calls they belong to. Some tools record a call and its result as one."""
        within = [step for step in self._cursor.exchange.reply if step.kind == "tool_call" and step.args and step.text]
        steps, over = self._cursor.turn_over()
        results = (_returned(step, turn, self._cursor.id(step), self._tokens) for step in within)
        return Outcome((*results, *(_item(step, turn, self._cursor.id(step), self._tokens) for step in steps)), over)


class ReexecutedTools:
    """Runs a recording's calls for real, and brings in what its user said meanwhile; `calls` have come back so far,
    and of them `alike` ended as they did when they were recorded.
    """

    def __init__(self, cursor: ReplayCursor, tools: Toolbox, tokens: Tokens) -> None:
        self._cursor = cursor
        self._tools = tools
        self._tokens = tokens
        steps = [step for scene in cursor.scenes for step in _steps(scene)]
        self._failed = {cursor.id(step): step.error for step in steps if step.kind == "tool_result"}
        self.calls = self.alike = 0

    def offered(self) -> tuple[Tool, ...]:
        """Nothing: a recording's tools are part of its replies."""
        return ()

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:
        """The results, and the words that came before the next reply. Where to stop is the recording's to say."""
        done = await self._tools.run(turn, calls, log)
        names = {call.id for call in calls}
        items = (*(log.session.turns[-1].items if calls else ()), *done.items)
        for item in items:
            if isinstance(item, ToolReturned) and item.id in names:
                self.calls += 1
                self.alike += self._failed.get(item.id) is item.error
        steps, over = self._cursor.turn_over()
        said = (_item(step, turn, "", self._tokens) for step in steps if step.kind != "tool_result")
        return Outcome((*done.items, *said), over)


class ScriptedDemoModel:
    """Plays a recording to a user who says its lines; off script it says what it is and how to go on, in the words of
    the file `aside`.
    """

    def __init__(
        self,
        scenes: Sequence[RecordedTurn],
        cache: PromptCacheModel,
        tokens: Tokens,
        pace: float,
        aside: str = "off_script",
    ) -> None:
        self._scenes = {_words(scene): scene for scene in scenes}
        self._ids = _unique([step for scene in scenes for step in _steps(scene)])
        self._cache = cache
        self._tokens = tokens
        self._pace = pace
        self._aside = aside

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        """The recorded reply to the user's last words, `pace` seconds a word."""
        said, replies = _position(request.view)
        scene = self._scenes.get(said.strip())
        if scene is None or replies >= len(scene.exchanges):
            text = (files(__package__) / f"{self._aside}.md").read_text("utf-8").strip()
            reply: tuple[RecordedEvent, ...] = (RecordedEvent(0, "assistant", "text", text),)
        else:
            reply = scene.exchanges[replies].reply
        output = 0
        for piece in _pieces(reply, lambda step: self._ids[step.i]):
            if isinstance(piece, TextPiece):
                output += self._tokens.count(piece.text)
                for word in _PIECES.findall(piece.text):
                    yield TextPiece(word)
                    await asyncio.sleep(self._pace)
                yield TextPiece("", last=True)
            else:
                yield piece
        yield EndPiece("end_turn", self._cache.usage(request.view, output))

    def suggestion(self, said: Sequence[str]) -> str:
        """The line that follows the furthest one that has been said."""
        lines = list(self._scenes)
        told = {text.strip() for text in said}
        last = max((place for place, line in enumerate(lines) if line in told), default=-1)
        return lines[last + 1] if last + 1 < len(lines) else ""


class DemoTools:
    """Gives a recording's results to its calls."""

    def __init__(self, scenes: Sequence[RecordedTurn], tokens: Tokens) -> None:
        steps = [step for scene in scenes for step in _steps(scene)]
        ids = _unique(steps)
        self._results = {ids[step.i]: step for step in steps if step.kind == "tool_result"}
        self._tokens = tokens

    def offered(self) -> tuple[Tool, ...]:
        """Nothing: a recording's tools are part of its replies."""
        return ()

    async def run(self, turn: int, calls: Sequence[ToolCalled], log: Log) -> Outcome:  # noqa: ARG002
        """The recorded results of these calls."""
        # A user who says a line again has its calls made again, under ids that are derived from those they had.
        known = ((call, call.id if call.id in self._results else call.id.rpartition("-")[0]) for call in calls)
        found = [(call, self._results[name]) for call, name in known if name in self._results]
        items = tuple(_item(step, turn, call.id, self._tokens) for call, step in found)
        return Outcome(items, hand_back=not calls)


def _steps(scene: RecordedTurn) -> tuple[RecordedEvent, ...]:
    inner = (step for one in scene.exchanges for step in (*one.before, *one.reply))
    return (*scene.words, *inner, *scene.after)


def _words(scene: RecordedTurn) -> str:
    return "\n\n".join(step.text for step in scene.words).strip()


def _unique(steps: Sequence[RecordedEvent]) -> dict[int, str]:
    """An id for each step by its index: a call's own, made unique, and for a result the id of its call."""
    ids: dict[int, str] = {}
    newest: dict[str, str] = {}
    for step in steps:
        if step.kind == "tool_call":
            name = step.call_id if step.call_id and step.call_id not in newest else f"{step.call_id or 'call'}~{step.i}"
            newest[step.call_id] = ids[step.i] = name
        else:
            ids[step.i] = newest.get(step.call_id, f"result~{step.i}") if step.call_id else f"result~{step.i}"
    return ids


def _pieces(reply: Sequence[RecordedEvent], name: Callable[[RecordedEvent], str]) -> list[TextPiece | CallPiece]:
    pieces: list[TextPiece | CallPiece] = []
    for step in reply:
        if step.kind == "tool_call":
            pieces.append(CallPiece(name(step), step.tool, step.args or ({"text": step.text} if step.text else {})))
        elif step.kind != "thinking" and step.text:
            pieces.append(TextPiece(step.text, last=True))
    return pieces


def _returned(step: RecordedEvent, turn: int, name: str, tokens: Tokens) -> ToolReturned:
    return ToolReturned(turn, name, step.text, tokens.count(step.text), step.error)


def _item(step: RecordedEvent, turn: int, name: str, tokens: Tokens) -> ToolReturned | UserMessage:
    if step.kind == "tool_result":
        return _returned(step, turn, name, tokens)
    return UserMessage(turn, step.text, tokens.count(step.text), "interrupt" if step.kind == "interrupt" else "user")


def _position(view: View) -> tuple[str, int]:
    """The user's last words in a view, and how many replies have followed them."""
    said: list[str] = []
    replies = 0
    answering = False
    for block in view.blocks:
        if block.place != "turn" or block.label == NOTE:
            continue
        if block.role == "user" and block.content == "text":
            if replies:
                said = []
            said.append(block.text)
            replies, answering = 0, False
        elif block.role == "assistant":
            replies += 0 if answering else 1
            answering = True
        else:
            answering = False
    return "\n\n".join(said), replies
