"""The local summariser: rules that read turns into ledger operations, with no model.

It reads what the user and the agent said, never a tag or an instruction inside tool output. What a turn said enters as
sentences, each with its weight; which of them are shown is decided when the summary is packed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from heapq import nlargest
from itertools import groupby

from throughline.domain.events import AssistantMessage, ToolCalled, ToolReturned
from throughline.domain.ledger import Add, Entry, EntryKind, Ledger, Operation, Resolve
from throughline.domain.session import Turn
from throughline.domain.user_replies import unrun
from throughline.memory.cues import heard
from throughline.memory.salience import APART, Remark, weighed_sentences
from throughline.memory.tags import tagged, untagged
from throughline.memory.text import ERROR, clip, expresses_doubt, joined_lines, sentences

# A longer sentence is left out: it would be no line of a summary, and half of it might say something else.
LONGEST = 280
# The sentences that one turn may bring.
MOST = 24
_FAILURE = 0.5
_CONSTRAINT = heard("constraint")
_OUTCOME = heard("outcome")
_CHOICE = heard("choice")


def operations(
    turns: Sequence[Turn], ledger: Ledger, before: Turn | None = None, after: Turn | None = None
) -> tuple[Operation, ...]:
    """Operations that move what the turns say into the ledger; the newest state replaces the last one. The turns
    `before` and `after` them tell what is answered in them, and what is agreed to.
    """
    made: list[Operation] = []
    known = {_plain(entry.text) for entry in ledger.entries.values() if entry.kind != "state"}
    states = {_plain(entry.text) for entry in ledger.live() if entry.kind == "state"}
    taken = set(ledger.entries)

    def add(kind: EntryKind, text: str, turn: int, weight: float = 0.0, about: str = "") -> None:
        # Where things stand is said once more, in its own place, even where it was said as something else.
        said = states if kind == "state" else known
        if not text or (weight and len(text) > LONGEST) or _plain(text) in said:
            return
        said.add(_plain(text))
        number = 1
        while (name := f"s{turn}.{number}") in taken:
            number += 1
        taken.add(name)
        made.append(Add(Entry(name, kind, text, "summariser", (turn,), subject=about, weight=weight)))

    said = {
        number: tuple(group)
        for number, group in groupby(weighed_sentences(turns, before, after), key=lambda one: one.turn)
    }
    for turn in turns:
        # What a rule says is not said again in the words it came in.
        ruled = {one.text for one in ledger.entries.values() if one.kind == "rule" and turn.number in one.turns}
        kept = _kept(
            turn,
            (one for one in said.get(turn.number, ()) if not any(one.sentence.text in rule for rule in ruled)),
        )
        common = _kind(kept)
        for remark in kept:
            add(_apart(remark) or common, remark.sentence.text, turn.number, round(remark.weight, 2))
        for command, result in _commands(turn).items():
            failing = {
                one.id for one in (*ledger.live(), *_added(made)) if one.kind == "issue" and one.subject == command
            }
            if result.error:
                failure = f"`{clip(command, 80)}` fails: {clip(_error(result.text), 120)}"
                add("issue", failure, turn.number, _FAILURE, command)
            else:
                made += [Resolve(name, f"passes since turn {turn.number}", "summariser") for name in failing]
    if state := _state(turns):
        add("state", state, turns[-1].number, about="state")
    return tuple(made)


def _added(operations: Sequence[Operation]) -> Iterator[Entry]:
    """The entries that are on their way into the ledger."""
    resolved = {one.id for one in operations if isinstance(one, Resolve)}
    return (one.entry for one in operations if isinstance(one, Add) and one.entry.id not in resolved)


def _kept(turn: Turn, said: Iterable[Remark]) -> list[Remark]:
    """The sentences of a turn that are worth most, in the order in which they were said; tagged lines are entries."""
    tags = {text for item in turn.items if isinstance(item, AssistantMessage) for _, text, _ in tagged(item.text)}
    worth = [one for one in said if one.weight > 0 and (one.user or not any(tag in one.sentence.raw for tag in tags))]
    chosen = set(map(id, nlargest(MOST, worth, key=lambda one: one.weight)))
    return [one for one in worth if id(one) in chosen]


def _kind(kept: Sequence[Remark]) -> EntryKind:
    """What a turn's sentences are, all of one kind so that they can stand on one line."""
    sure = [one for one in kept if _apart(one) is None]
    user = [one.sentence.raw for one in sure if one.user]
    agent = [one.sentence.raw for one in sure if not one.user]
    if any(_CONSTRAINT.search(text) for text in user):
        return "constraint"
    if any(_OUTCOME.search(text) for text in agent):
        return "milestone"
    return "decision" if user or any(_CHOICE.search(text) for text in agent) else "work"


def _apart(remark: Remark) -> EntryKind | None:
    """The kind of what is doubted or asked, which is no decision, and of what the agent says itself to be put aside,
    open or wrong.
    """
    raw = remark.sentence.raw
    if not remark.user and (kind := next((kind for kind, cue in APART.items() if cue.search(raw)), None)):
        return kind
    if not expresses_doubt(raw):
        return None
    # What is only asked has been answered by the next turn; what is doubted has not.
    return "question" if expresses_doubt(raw.rstrip("?")) else "work"


def _commands(turn: Turn) -> dict[str, ToolReturned]:
    """The last result of each command that ran in the turn."""
    calls = {item.id: item for item in turn.items if isinstance(item, ToolCalled)}
    last: dict[str, ToolReturned] = {}
    for item in turn.items:
        if isinstance(item, ToolReturned) and item.id in calls:
            command = calls[item.id].args.get("command")
            if isinstance(command, str) and not (item.error and unrun(item.text)):
                last[" ".join(command.split())] = item
    return last


def _error(text: str) -> str:
    """The line of a failed command's output that says most: the last one that speaks of an error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if ERROR.search(line)]
    return (telling or lines or ["no output"])[-1]


def _state(turns: Sequence[Turn]) -> str:
    """The first two sentences with which the agent closed the last turn in which it spoke, or one of them."""
    for turn in reversed(turns):
        replies = [item for item in turn.items if isinstance(item, AssistantMessage) and item.text.strip()]
        if replies:
            said = [one.text for one in sentences(untagged(replies[-1].text)) if not one.raw.endswith(":")]
            fitting = (text for text in (joined_lines(said[:2]), *said[:2]) if len(text) <= LONGEST)
            if said:
                return next(fitting, "")
    return ""


@lru_cache(maxsize=1 << 15)
def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()
