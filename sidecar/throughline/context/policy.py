"""The compression policy: whether to mask or compact now, and how far."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

from throughline.context.masking import Batch, maskable
from throughline.domain.events import AssistantMessage, Logged, Thought, ToolCalled, UserMessage
from throughline.domain.session import Session, apply
from throughline.domain.settings import FIRST, Settings

# Below this many tokens a cold cache is no reason to compact: the summary itself would eat the gain.
WORTH = 1_000
# Where the prefix changes anyway, this many tokens of old tool output are worth masking with it.
LITTLE = 500


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
    masking: Callable[[Session, int], Batch] = maskable,
) -> PolicyDecision:
    """What to do before the next call; `used` is the share of the context limit that its view takes, `factor` the
    model's own tokens for one of o200k, and a session is `stuck` where compactions gain nothing any more: then masking
    alone carries on. Where the prefix is `changed` already, by the last answer to this question, what else is due
    costs nothing more. A user who `asks` to see compactions before they are done is asked once, and not above the
    limit. `masking` finds what is maskable, and may remember where it has looked.

    The prefix changes rarely and in big steps: after `window` turns, above `share`, when a batch of old tool
    output has gathered, or when the cache has gone cold and a new prefix costs nothing more.
    """
    if settings.strategy != "throughline":
        return NoAction()
    through = last_compactable_turn(session, settings, factor)
    movable = [turn for turn in session.recent if turn.number <= through]
    cold = session.called_at is not None and now - session.called_at > settings.cold
    if movable and not stuck:
        weight = sum(item.tokens for turn in movable for item in turn.items)
        # The user who undid a compaction is not to see it made again by the next message.
        since = sum(1 for turn in session.recent if turn.ending is not None and turn.number > session.undone_at)
        if since >= settings.window or used > settings.share or (cold and weight >= WORTH and since):
            if used > settings.share or not asks:
                return Compact(through)
            if session.pending_compaction is None:
                return AwaitApproval(through)
    free = cold or changed
    old = masking(session, 0 if used > settings.share else settings.trimmed if free else settings.fresh)
    if old.tokens >= (LITTLE if free or used > settings.share else settings.batch):
        return Mask(old.ids)
    return NoAction()


def needs_approval(settings: Settings, number: int) -> bool:
    """Whether the user is asked before a compaction in a project's session of that number, from 1 on."""
    return settings.preview == "always" or (settings.preview == "first" and number <= FIRST)


def next_idle_compaction(
    session: Session, used: float, settings: Settings, *, factor: float = 1.0, stuck: bool = False
) -> ScheduledCompaction | None:
    """What an idle session does shortly before the provider's cache forgets it: what the next message, coming after
    that, would find due is made ready as long before as a model may take for it. None where nothing would be due.
    """
    if session.called_at is None or session.open is not None or session.pending_compaction is not None:
        return None
    late = session.called_at + settings.cold + 1
    spoken = apply(session, Logged(session.seq + 1, late, UserMessage(session.next_turn, "", 0)))
    match decide(spoken, used, late, settings, factor=factor, stuck=stuck):
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
