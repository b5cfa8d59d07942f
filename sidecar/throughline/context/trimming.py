"""Cuts a view down to what a model takes, whatever it consists of: the last resort, after masking and compaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import frozen

from throughline.domain.argument_masking import tokens_saved
from throughline.domain.events import (
    AssistantMessage,
    Cut,
    FileInjected,
    Item,
    LeftOut,
    Masked,
    SystemNote,
    ToolCalled,
    ToolReturned,
    Trimmed,
    UserMessage,
)
from throughline.domain.session import Session

Count = Callable[[str], int]

# A text of fewer o200k tokens stays whole, for as long as leaving out older items can make room instead.
LEAST = 120
# Of what a view may have beside what cannot be cut this part is used, so that it is not cut anew at every call.
KEPT = 0.75
# Where hardly anything is left beside what cannot be cut, the newest words get so many tokens: the sizes are estimates.
FLOOR = 400
# What the line about what is left out may take.
NOTE_TOKENS = 60
# Under this many tokens a call's arguments are not worth masking.
ARGUMENTS = 60


@frozen
class Sized:
    """An item, the o200k tokens that it takes in the view as that shows it now, and whether it can be shown in part."""

    item: Item
    tokens: int
    cuttable: bool


def trimming_key(item: Item) -> str:
    """The id under which an item is masked or cut; nothing for what stays as it is."""
    match item:
        case ToolReturned(id=name):
            return name
        case ToolCalled() | FileInjected():
            return item.key
        case UserMessage() | SystemNote() | AssistantMessage() if item.tokens > LEAST // 2:
            # Two with the same key are equally long, so that what cuts one may cut the other.
            return f"{item.kind}:{item.turn}:{item.tokens}"
        case _:
            return ""


def head_and_tail(text: str, characters: int, key: str) -> str:
    """So many characters from the beginning and the end of a text, at the ends of lines where these are near, with a
    mark between them that says how much is hidden, and how the agent gets it back.
    """
    first = characters - characters // 2
    head, tail = text[:first], text[len(text) - characters // 2 :]
    end, begin = head.rfind("\n") + 1, tail.find("\n") + 1
    head = head[:end] if end > first * 3 // 4 else head
    tail = tail[begin:] if 0 < begin < len(tail) // 4 else tail
    hidden = len(text) - len(head) - len(tail)
    back = f"recall {key}" if ":" not in key and "@" not in key else "recall finds it by words"
    mark = f"[… {hidden:,} of {len(text):,} characters are hidden, because they did not fit: {back} …]"
    return "\n".join(filter(None, (head.rstrip("\n"), mark, tail)))


def staying(items: Sequence[Item], until: int) -> frozenset[int]:
    """Of a turn's first items up to a place, the places of the user's first and last words, which are shown all the
    same.
    """
    words = [place for place, item in enumerate(items) if place < until and isinstance(item, UserMessage)]
    return frozenset(words[:1] + words[-1:])


def shown_items(session: Session) -> Iterator[Item]:
    """The items of the recent turns that are not left out, results of calls that are among them."""
    until = session.left_out
    for turn in session.recent:
        if turn.number > until.turn:
            yield from turn.items
        elif turn.number == until.turn:
            stays = staying(turn.items, until.items)
            yield from (item for place, item in enumerate(turn.items) if place >= until.items or place in stays)


def hidden_calls(session: Session) -> frozenset[str]:
    """The ids of the calls that are left out: their results are, too."""
    if not session.left_out.turn:
        return frozenset()
    shown = {item.id for item in shown_items(session) if isinstance(item, ToolCalled)}
    items = (item for turn in session.recent for item in turn.items)
    return frozenset(item.id for item in items if isinstance(item, ToolCalled) and item.id not in shown)


def left_out_note(session: Session) -> str:
    """The line that stands for what is left out; nothing where all is shown."""
    if not session.left_out.turn:
        return ""
    gone = sum(len(turn.items) for turn in session.recent) - sum(1 for _ in shown_items(session))
    return (
        f"[{gone:,} earlier messages, calls and results are left out here, because they did not fit. "
        "recall finds them by words, and gives a result by its call's id.]"
        if gone > 0
        else ""
    )


def trim(
    session: Session, tokens: int, most: int, shown: Sequence[tuple[Item, int]], count: Count
) -> tuple[Masked | Trimmed, ...]:
    """What makes a view of so many `tokens` take at most `most`, and some less, so that it need not be done again at
    every call; nothing where it fits already. All in o200k tokens; `shown` are the items that the view shows, with what
    each takes in it.

    Long arguments become stubs and long texts are cut to head and tail, the longest first; where even that is too much,
    the oldest items are left out, a call and its result together.
    """
    if tokens <= most:
        return ()
    bare = tokens - sum(size for _, size in shown)
    masked = {
        item.key: tokens_saved(item) for item, _ in shown if isinstance(item, ToolCalled) and _stubbed(session, item)
    }
    sized = []
    for item, size in shown:
        stub = masked.get(item.key, 0) if isinstance(item, ToolCalled) else 0
        sized.append(Sized(item, max(0, size - stub), _cuts(session, item)))
    room = round(max((most - bare) * KEPT, FLOOR))
    cap, left_out = _cap(sized, room), LeftOut()
    if cap < LEAST:
        left_out, sized = _leave_out(session, sized, room - NOTE_TOKENS)
        cap = min(LEAST, _cap(sized, room - NOTE_TOKENS))
    cuts: dict[str, Cut] = {}
    for one in sized:
        if one.cuttable and one.tokens > cap and (made := _cut(one.item, cap, count)).tokens < one.tokens:
            cuts[made.id] = made
    gone = {item.key for item, _ in shown if isinstance(item, ToolCalled)} - {trimming_key(one.item) for one in sized}
    stubs = tuple(name for name in masked if name not in gone)
    trimmed = Trimmed(tuple(cuts.values()), left_out)
    return (*([Masked(stubs)] if stubs else ()), *([trimmed] if cuts or left_out.turn else ()))


def _stubbed(session: Session, call: ToolCalled) -> bool:
    return call.key not in session.masked and tokens_saved(call) >= ARGUMENTS


def _cuts(session: Session, item: Item) -> bool:
    name = trimming_key(item)
    return bool(name) and not isinstance(item, ToolCalled) and name not in session.masked


def _cap(sized: Iterable[Sized], room: int) -> int:
    """The tokens that each text may take, so that all together take at most `room`; 0 where nothing does."""
    items = list(sized)
    room -= sum(one.tokens for one in items if not one.cuttable)
    sizes = sorted(one.tokens for one in items if one.cuttable)
    for place, size in enumerate(sizes):
        each = room // (len(sizes) - place)
        if size > each:
            return max(0, each)
        room -= size
    return sizes[-1] if sizes and room >= 0 else LEAST if room >= 0 else 0


def _leave_out(session: Session, sized: Sequence[Sized], room: int) -> tuple[LeftOut, list[Sized]]:
    """Where the view begins, so that what is left takes at most `room` with its texts cut short, and what is left."""
    least = {id(one.item): min(one.tokens, LEAST) if one.cuttable else one.tokens for one in sized}
    kept = {id(one.item): one for one in sized}
    total = sum(least.values())
    results = {one.item.id: one.item for one in sized if isinstance(one.item, ToolReturned)}
    left_out = LeftOut()

    def leave(item: Item) -> None:
        nonlocal total
        if kept.pop(id(item), None) is not None:
            total -= least[id(item)]
        if isinstance(item, ToolCalled) and item.id in results:
            leave(results[item.id])

    turns = session.recent
    for turn in turns:
        words: list[Item] = []
        for place, item in enumerate(turn.items):
            if total <= room:
                return left_out, list(kept.values())
            left_out = LeftOut(turn.number, place + 1)
            if isinstance(item, UserMessage):
                words.append(item)
                # The first stay, and the last.
                leave(words.pop(1)) if len(words) > 2 else None
            else:
                leave(item)
        if turn is not turns[-1]:
            for item in words:
                leave(item)
    return left_out, list(kept.values())


def _cut(item: Item, most: int, count: Count) -> Cut:
    """The cut of an item's text that takes at most so many tokens, or the mark alone."""
    name, text = trimming_key(item), getattr(item, "text", "")
    characters = len(text) * most // max(item.tokens, 1)
    while characters > 0:
        tokens = count(head_and_tail(text, characters, name))
        if tokens <= most:
            return Cut(name, characters, tokens)
        characters = int(characters * min(0.9, most / tokens))
    return Cut(name, 0, count(head_and_tail(text, 0, name)))
