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
# While a turn runs nothing is masked below this part of the model's context; above it, down to half of it.
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

    The prefix changes rarely and in big steps, between turns: after `window` of them, above a share of the limit or an
    absolute size, when a batch of old tool output has gathered, or when the cache has gone cold and a new prefix costs
    nothing more. While a turn runs, the agent needs what it has read and written, and its thinking is bound to the
    prefix: only what would grow too long is made shorter, once and by half, or what would be paid for again anyway.
    """
    if settings.strategy != "throughline":
        return NoAction()
    through = last_compactable_turn(session, settings, factor)
    movable = [turn for turn in session.recent if turn.number <= through]
    over = used > compact_share(settings, session.limit)
    runs = replying(session) and not changed
    cold = session.called_at is not None and now - session.called_at > settings.cold
    if movable and not stuck and (over or not runs or cold):
        weight = sum(item.tokens for turn in movable for item in turn.items)
        # The user who undid a compaction is not to see it made again by the next message.
        last = max(session.undone_at, updated)
        # One that failed before anything came of it is no turn of its own.
        since = sum(1 for turn in session.recent if turn.ending is not None and turn.number > last and not turn.lost)
        if since >= settings.window or over or (cold and weight >= WORTH and since):
            if over or not asks:
                return Compact(through)
            if session.pending_compaction is None:
                return AwaitApproval(through)
    most = min(RUNNING_SHARE, compact_share(settings, session.limit)) if runs else 1.0
    if over or (runs and used > most):
        return _shorten(session, used, most, settings, factor, masking, over=over)
    if runs and not cold:
        return NoAction()
    free = cold or changed
    old = masking(session, settings.trimmed if free and not runs else settings.fresh)
    return Mask(old.ids) if old.tokens >= (LITTLE if free else settings.batch) else NoAction()


def _shorten(
    session: Session, used: float, most: float, settings: Settings, factor: float, masking: FindMaskable, *, over: bool
) -> PolicyDecision:
    """Masks what is needed least, in a running turn until half of what the view may take is left; what is fresh stays
    but above the limit, where nothing else helps.
    """
    enough = (used - most / 2) * session.limit / factor if most < 1 else inf
    old = masking(session, settings.fresh, enough)
    if old.tokens >= min(settings.batch, _RUNNING_BATCH * most * session.limit / factor):
        return Mask(old.ids)
    old = masking(session, 0, enough) if over else old
    return Mask(old.ids) if over and old.tokens >= LITTLE else NoAction()


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
    """The last turn that a compaction may cover: the newest `kept` stay where they fit in `kept_share` of the limit,
    which is in the model's own tokens, `factor` of them for one of o200k.

    A running turn always stays, and so does one whose end no later call has seen yet; 0 where there is nothing
    to cover.
    """
    recent = session.recent
    room = settings.kept_share * session.limit / factor
    kept, seen = 0, False
    for place, turn in enumerate(reversed(recent)):
        room -= turn.tokens - session.masked_tokens.get(turn.number, 0)
        if seen and turn.ending is not None and (place >= settings.kept or room < 0):
            break
        kept += 1
        seen = seen or any(isinstance(item, Thought | AssistantMessage | ToolCalled) for item in turn.items)
    covered = recent[: len(recent) - kept]
    return covered[-1].number if covered else 0
