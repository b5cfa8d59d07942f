"""The turn loop: call the model, run the tools it asked for, until it hands back; odd replies end it with a line."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Protocol

from attrs import evolve, field, frozen

from throughline.domain.events import AssistantMessage, CallBilled, Notice, Purpose, SystemNote, Thought, ToolCalled
from throughline.domain.ports import (
    CallPiece,
    Clock,
    EndPiece,
    Log,
    Model,
    ModelError,
    Prices,
    Request,
    TextPiece,
    ThoughtPiece,
    Toolbox,
    TooLongError,
    UsagePiece,
    WaitPiece,
)
from throughline.domain.sanitization import encodable, unique_id, valid_id
from throughline.domain.settings import Settings
from throughline.domain.usage import Usage, cost_in_dollars, with_rewrite
from throughline.domain.view import View

# The reasons of a reply that reached a limit.
CUT = ("max_tokens", "model_context_window_exceeded")
# The reason of a reply that the provider has paused: it goes on where it is sent back.
PAUSED = "pause_turn"
_DECLINED = (
    "The model declined to go on{about}: say in other words what it is for, choose another model, or go back to before "
    "this message."
)
# By the category that the provider names: what its safety check took the request for.
_ABOUT = {
    "cyber": ", since its provider's safety check takes this for a danger to computers",
    "bio": ", since its provider's safety check takes this for a danger to life",
    "frontier_llm": ", since its provider takes this for work on a competing model",
    "reasoning_extraction": ", since it was asked to tell its own reasoning",
    "general_harms": ", since its provider's safety check takes this for harmful",
}
# So many of them in a row, and the user is asked.
CUTS, EMPTY = 3, 2


@frozen
class ReplyOutcome:
    """What a model's reply came to: its calls, whether it said anything, and why it stopped, as the provider says it
    and in `detail`.
    """

    calls: tuple[ToolCalled, ...]
    said: bool
    reason: str
    detail: str = ""


class ReplyGuard:
    """Judges the replies of one turn."""

    def __init__(self) -> None:
        self._cuts = 0
        self._empty = 0

    def check(self, reply: ReplyOutcome) -> tuple[str, str]:
        """What to tell the model so that it goes on, or what to tell the user; both empty where all is well.

        Raises ModelError for a reply that was refused, and where nothing comes at all.
        """
        if reply.reason == "refusal":
            raise ModelError(_DECLINED.format(about=_ABOUT.get(reply.detail, "")))
        self._cuts = self._cuts + 1 if reply.reason in CUT else 0
        self._empty = 0 if reply.said or reply.calls or self._cuts else self._empty + 1
        if self._cuts >= CUTS:
            return "", f"The reply reached its limit {self._cuts} times in a row. Ask for less at a time, or say go on."
        if self._cuts:
            lost = "" if reply.calls else " If it was in a call, that call is lost: make it smaller."
            return f"(Your reply was cut off at its limit.{lost} Go on where it ended.)", ""
        if self._empty >= EMPTY:
            raise ModelError("The model answered nothing, twice: retry, or say it in another way.")
        if self._empty:
            return "(Your reply was empty. Go on, or say that you are done and what came of it.)", ""
        return "", ""


# So often a view is made smaller for one call: each time by a good part, so that this reaches the smallest windows.
SHORTENINGS = 5
# The part of the context limit that a reply may take at most.
REPLY_SHARE = 1 / 4
_NOTHING_LEFT = (
    "Too long for {model} even where all that can be cut is cut: choose a model with a larger context, or shorten the "
    "project's instructions and archive."
)
_FULL = "model_context_window_exceeded"


def reply_limit(limit: int, settings: Settings) -> int:
    """The longest reply to ask for within a context limit, both in the model's own tokens."""
    return min(settings.reply, round(limit * REPLY_SHARE))


class TurnContext(Log, Protocol):
    """What the loop needs of the session's owner."""

    async def prepare(self) -> View:
        """The view of the next call, compressed first where that is due."""
        ...

    async def shorten(self, sent: int = 0, limit: int = 0) -> bool:
        """Makes the view smaller by all that code can do at once; False where nothing is left to be done. One of so
        many o200k tokens was too long; `limit` is the model's limit in its own, where the provider has said it.
        """
        ...

    def streamed(self, turn: int, text: str) -> None:
        """Shows text that is not yet an event."""
        ...

    def count(self, text: str) -> int:
        """Tokens by o200k."""
        ...


@frozen
class SummarizerConfig:
    """The model that summarises, its name, and the prompts that it works by: one for compacting, and one for
    `distilling`, without which it is not asked about the archive.
    """

    model: Model
    name: str
    prompt: str
    distilling: str = ""


@frozen
class AgentConfig:
    """Who answers and who acts: the model with its name and prices, the tools, and the time.

    `recorded` says that a recording answers; without a summariser the local rules alone summarise, and without a
    commenter skeletons have the comments of their files alone. `tell` says to the model what it should know before it
    is asked, such as that a file has changed. `settings` are the session's, which puts them here.
    """

    model: Model
    name: str
    prices: Prices
    tools: Toolbox
    clock: Clock
    recorded: bool = False
    summariser: SummarizerConfig | None = None
    commenter: SummarizerConfig | None = None
    tell: Callable[[int, Log], Awaitable[None]] | None = None
    settings: Settings = field(factory=Settings)


async def run_turn(context: TurnContext, config: AgentConfig, turn: int) -> str:
    """Plays a turn whose words are already in the log: nothing, or why code ended it and what the user may say.

    Raises ModelError; what came before it is recorded.
    """
    odd = ReplyGuard()
    taken = set(context.session.call_ids)
    for _ in range(config.settings.replies):
        if config.tell:
            await config.tell(turn, context)
        reply = await _asked(context, config, turn, taken)
        if reply.reason == _FULL:
            # There was no room for the reply: without more of it the next one would end there, too.
            await context.shorten((await context.prepare()).tokens)
        outcome = await config.tools.run(turn, reply.calls, context)
        await context.record(*outcome.items)
        if outcome.stop:
            return outcome.stop
        # What a recording leaves out was not odd in its day.
        told, stop = ("", "") if config.recorded else odd.check(reply)
        if stop:
            return stop
        if told:
            await context.record(SystemNote(turn, told, context.count(told)))
        elif outcome.hand_back and reply.reason != PAUSED:
            return ""
    return f"The model has replied {config.settings.replies:,} times in this turn. Say whether it shall go on."


async def _asked(context: TurnContext, config: AgentConfig, turn: int, taken: set[str]) -> ReplyOutcome:
    """One call to the model; where the prompt was too long after all, code shortens it and it is sent again."""
    for _ in range(SHORTENINGS):
        view = await context.prepare()
        try:
            return await _ask(context, config, turn, view, taken)
        except TooLongError as error:
            if not await context.shorten(view.tokens, error.limit):
                raise ModelError(_NOTHING_LEFT.format(model=config.name)) from error
    return await _ask(context, config, turn, await context.prepare(), taken)


async def _ask(context: TurnContext, config: AgentConfig, turn: int, view: View, taken: set[str]) -> ReplyOutcome:
    """One call to the model; each finished block of its reply is recorded as it comes. `taken` are the ids of the
    session's calls, which grow by those of the reply.
    """
    text: list[str] = []
    calls: list[ToolCalled] = []
    said = False
    reason = detail = ""
    used: Usage | None = None

    async def close(*, partial: bool = False) -> None:
        nonlocal said
        whole = "".join(text)
        text.clear()
        if whole:
            said = said or bool(whole.strip())
            await context.record(AssistantMessage(turn, whole, context.count(whole), partial))

    began, tools = config.clock.now(), config.tools.offered()
    previous = context.session.last_call.reply if context.session.last_call else ""
    limit = reply_limit(context.session.limit, config.settings)
    request = Request("chat", config.name, view, tools, limit, previous=previous)
    counted = view.tokens + sum(context.count(tool.text) for tool in tools)
    try:
        async for piece in config.model.stream(request):
            match piece:
                case TextPiece():
                    text.append(piece.text)
                    context.streamed(turn, encodable(piece.text))
                    if piece.last:
                        await close()
                case ThoughtPiece():
                    await close()
                    thought = Thought(turn, piece.block, 0)
                    await context.record(evolve(thought, tokens=context.count(thought.text)))
                    # On some models the words between two calls are thinking: a reply of it alone is not empty.
                    said = True
                case CallPiece():
                    await close()
                    calls.append(_called(context, config, turn, piece, taken))
                    await context.record(calls[-1])
                case WaitPiece():
                    await context.record(Notice(piece.text))
                case UsagePiece():
                    used = piece.usage
                case EndPiece():
                    reason, detail = piece.reason, piece.detail
                    await close(partial=reason in CUT)
                    await context.record(chat_bill(context, config, piece, began, counted))
                    used = None
        if not reason:
            raise ModelError("The reply broke off before its end: retry.")
    except BaseException:
        # Whatever cut the reply off, what has come of it stays, and is paid for.
        await close(partial=True)
        if used is not None:
            await context.record(chat_bill(context, config, EndPiece("", used), began, counted))
        raise
    return ReplyOutcome(tuple(calls), said, reason, detail)


def _called(context: TurnContext, config: AgentConfig, turn: int, piece: CallPiece, taken: set[str]) -> ToolCalled:
    """A call as it is recorded, under an id that no other call of the session has."""
    # A recording's results know their calls by the ids that it has.
    name = unique_id(piece.id if config.recorded else valid_id(piece.id), taken)
    taken.add(name)
    # The tool gets what was asked for, but for what neither a file nor JSON could hold.
    args = encodable(piece.args)
    return ToolCalled(turn, name, piece.tool, args, context.count(json.dumps(args)))


def chat_bill(
    context: TurnContext, config: AgentConfig, end: EndPiece, began: float, counted: int, purpose: Purpose = "chat"
) -> CallBilled:
    """What a call with the chat's prefix cost, and what it paid again of what the cache had held."""
    bill = billed(config, purpose, config.name, end.usage, began, counted)
    bill = evolve(bill, reply=end.name, miss=end.miss, missed=end.missed, thinking=end.usage.thinking)
    return with_rewrite(bill, context.session.last_call, config.prices.price(config.name, end.usage.prompt))


def billed(
    config: AgentConfig, purpose: Purpose, model: str, usage: Usage, began: float, counted: int = 0
) -> CallBilled:
    """What a request cost, by the config's prices; `counted` is what was sent, in o200k tokens."""
    price = config.prices.price(model, usage.prompt)
    return CallBilled(
        purpose,
        model,
        usage.input,
        usage.output,
        usage.cache_read,
        usage.cache_write,
        cost_in_dollars(usage, price) if price else None,
        began,
        counted,
        usage.hour,
    )
