"""The compression policy: whether to mask or compact now, and how far."""

from __future__ import annotations

from math import inf
from typing import Protocol, TypeAlias

from attrs import frozen

from throughline.context.masking import Batch, maskable
from throughline.domain.events import AssistantMessage, Logged, Thought, ToolCalled, UserMessage
from throughline.domain.session import Session, apply
from throughline.domain.settings import FIRST, Settings

# A compaction that frees fewer tokens than this is not made: what it writes into the cache anew, the summary alone
# takes up to 800 tokens, costs more than a dozen times what a call saves that does not read them.
WORTH = 1_000
# Where the prefix changes anyway, this many tokens of old tool output are worth masking with it.
LITTLE = 500
# Ended turns that show so many tokens are compacted before the window is full: a dozen calls that read them cost more.
HEAVY = 20_000
# While a turn runs nothing is masked below this part of what a view may have; above it, down to half of it.
RUNNING_SHARE = 0.4
# In a small window this part of what a view may take then is enough to be worth a batch.
_RUNNING_BATCH = 1 / 4


@frozen
class NoAction:
    """Leave the prefix alone."""


@frozen
class Mask:
    """Show these tool results and files, by id, as stubs."""

    ids: tuple[str, ...]


@frozen
class Compact:
    """Move the turns up to `through` into the ledger."""

    through: int


@frozen
class AwaitApproval:
    """Get ready to move the turns up to `through` into the ledger, and wait for the user's word."""

    through: int


@frozen
class ScheduledCompaction:
    """At a time, in seconds since the epoch, get ready to move the turns up to `through`, if nothing happens before."""

    at: float
    through: int


PolicyDecision: TypeAlias = NoAction | Mask | Compact | AwaitApproval


class FindMaskable(Protocol):
    """Finds what may be masked, all but so many fresh tokens, or as much as is enough."""

    def __call__(self, session: Session, fresh: int, enough: float = inf) -> Batch:
        """The ids, and the tokens that they take now."""
        ...


def compact_share(settings: Settings, limit: int) -> float:
    """The part of a context limit above which a session compacts: with a large window, money and attention run out
    before the room does.
    """
    return min(settings.share, settings.max_context / limit)


def view_limit(settings: Settings, limit: int) -> int:
    """The tokens, as the model counts them, of which parts are taken: its context, or the absolute size if less."""
    return min(limit, settings.max_context)


def running_share(settings: Settings, limit: int) -> float:
    """The part of a context limit above which a running turn is made shorter."""
    return min(RUNNING_SHARE * view_limit(settings, limit) / limit, compact_share(settings, limit))


def replying(session: Session) -> bool:
    """Whether a turn runs in which the model has replied: it is bound to the prefix that it replied to."""
    return session.open is not None and any(
        isinstance(item, Thought | AssistantMessage | ToolCalled) for item in reversed(session.open.items)
    )


def decide(
    session: Session,
    used: float,
    now: float,
    settings: Settings,
    *,
    factor: float = 1.0,
    stuck: bool = False,
    changed: bool = False,
    asks: bool = False,
    updated: int = 0,
    masking: FindMaskable = maskable,
) -> PolicyDecision:
    """What to do before the next call; `used` is the share of the context limit that its view takes, `factor` the
    model's own tokens for one of o200k, and a session is `stuck` where compactions gain nothing any more: then masking
    alone carries on. Where the prefix is `changed` already, by the last answer to this question, what else is due
    costs nothing more. A user who `asks` to see compactions before they are done is asked once, and not above the
    limit. Turns up to `updated` are in the ledger, since a compaction of theirs would have freed too little. `masking`
    finds what is maskable, and may remember where it has looked.

    The prefix changes rarely and in big steps, between turns: after `window` of them, or fewer that are long, above a
    share of the limit or an absolute size, when a batch of old tool output has gathered, or when the cache has gone
    cold and a new prefix costs nothing more. While a turn runs, the agent needs what it has read and written, and its
    thinking is bound to the prefix: only what would grow too long is made shorter, once and by half, the turns before
    it first, or what would be paid for again anyway. What is fresh stays.
    """
    if settings.strategy != "throughline":
        return NoAction()
    through = last_compactable_turn(session, settings, factor)
    movable = [turn for turn in session.recent if turn.number <= through]
    over = used > compact_share(settings, session.limit)
    runs = replying(session)
    cold = session.called_at is not None and now - session.called_at > settings.cold
    most = running_share(settings, session.limit) if runs else 1.0
    bound = runs and not changed
    if movable and not stuck and (over or not bound or cold or used > most):
        weight = sum(item.tokens for turn in movable for item in turn.items)
        # The user who undid a compaction is not to see it made again by the next message.
        last = max(session.undone_at, updated)
        new = (turn for turn in movable if turn.number > last)
        shown = sum(turn.tokens - session.masked_tokens.get(turn.number, 0) for turn in new)
        # One that failed before anything came of it is no turn of its own.
        since = sum(1 for turn in session.recent if turn.ending is not None and turn.number > last and not turn.lost)
        heavy = shown >= HEAVY if not bound else used > most
        if since >= settings.window or over or (since and (heavy or cold) and weight >= WORTH):
            if over or not asks:
                return Compact(through)
            if session.pending_compaction is None:
                return AwaitApproval(through)
    # What a compaction has begun in the middle of a turn is done in the same go.
    if over or (not cold and used > (most if bound or not runs else most / 2)):
        return _shorten(session, used, most if bound or not over else 1.0, settings, factor, masking, over=over)
    if runs and not cold:
        return NoAction()
    free = cold or changed
    old = masking(session, settings.trimmed if free and not runs else settings.fresh)
    thinking = past_thinking(session)
    return _mask(old, thinking, LITTLE if free else settings.batch, old.tokens + (thinking.tokens if free else 0))


def _shorten(
    session: Session, used: float, most: float, settings: Settings, factor: float, masking: FindMaskable, *, over: bool
) -> PolicyDecision:
    """Masks what is needed least, in a running turn until half of what the view may take is left; what is fresh stays
    but above the limit, where nothing else helps.
    """
    enough = (used - most / 2) * session.limit / factor if most < 1 else inf
    thinking = past_thinking(session)
    enough = max(0.0, enough - thinking.tokens)
    old = masking(session, settings.fresh, enough)
    if old.tokens + thinking.tokens >= min(settings.batch, _RUNNING_BATCH * most * session.limit / factor):
        return _mask(old, thinking)
    old = masking(session, 0, enough) if over else old
    return _mask(old, thinking, LITTLE, old.tokens + thinking.tokens) if over else NoAction()


def past_thinking(session: Session) -> Batch:
    """The thinking of turns that have ended, which leaves with the first change of the prefix: what stands behind a
    change is written anew, and a model whose thinking is bound to its prefix would not take it back.
    """
    ids: dict[str, None] = {}
    tokens = 0
    for turn in session.recent:
        for item in turn.items if turn.ending is not None else ():
            if isinstance(item, Thought) and item.key not in session.masked:
                ids[item.key] = None
                tokens += item.tokens
    return Batch(tuple(ids), tokens)


def _mask(old: Batch, thinking: Batch, least: float = 0, tokens: float = inf) -> PolicyDecision:
    """Masks what is old, and past thinking with it, where so many `tokens` are worth it."""
    return Mask((*old.ids, *thinking.ids)) if tokens >= least else NoAction()


def needs_approval(settings: Settings, number: int) -> bool:
    """Whether the user is asked before a compaction in a project's session of that number, from 1 on."""
    return settings.preview == "always" or (settings.preview == "first" and number <= FIRST)


def next_idle_compaction(
    session: Session, used: float, settings: Settings, *, factor: float = 1.0, stuck: bool = False, updated: int = 0
) -> ScheduledCompaction | None:
    """What an idle session does shortly before the provider's cache forgets it: what the next message, coming after
    that, would find due is made ready as long before as a model may take for it. None where nothing would be due.
    """
    if session.called_at is None or session.open is not None or session.pending_compaction is not None:
        return None
    late = session.called_at + settings.cold + 1
    spoken = apply(session, Logged(session.seq + 1, late, UserMessage(session.next_turn, "", 0)))
    match decide(spoken, used, late, settings, factor=factor, stuck=stuck, updated=updated):
        case Compact(through=through):
            return ScheduledCompaction(session.called_at + settings.cold - settings.patience, through)
        case _:
            return None


def last_compactable_turn(session: Session, settings: Settings, factor: float = 1.0) -> int:
    """The last turn that a compaction may cover: the newest `kept` stay where they fit in `kept_share` of what a
    view may have, which is in the model's own tokens, `factor` of them for one of o200k.

    A running turn always stays, and so does one whose end no later call has seen yet; 0 where there is nothing
    to cover.
    """
    recent = session.recent
    room = settings.kept_share * view_limit(settings, session.limit) / factor
    kept, seen = 0, False
    for place, turn in enumerate(reversed(recent)):
        room -= turn.tokens - session.masked_tokens.get(turn.number, 0)
        if seen and turn.ending is not None and (place >= settings.kept or room < 0):
            break
        kept += 1
        seen = seen or any(isinstance(item, Thought | AssistantMessage | ToolCalled) for item in turn.items)
    covered = recent[: len(recent) - kept]
    return covered[-1].number if covered else 0
