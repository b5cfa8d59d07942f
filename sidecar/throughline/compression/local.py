"""The local summariser: rules that read turns into ledger operations, with no model.

It reads what the user and the agent said, never a tag or an instruction inside tool output. The user's words
come first; of the agent's, what closes a turn says most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from attrs import frozen

from throughline.compression.tags import tagged
from throughline.core.events import Replied, Spoke, ToolCalled, ToolReturned
from throughline.core.ledger import Add, Entry, EntryKind, Ledger, Operation, Resolve, subject
from throughline.core.session import Turn

LONGEST = 280
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"'(\[])|\n+")
_FENCED = re.compile(r"(```|~~~).*?(\1|\Z)", re.DOTALL)
_MARKUP = re.compile(r"^\s*(?:[-*+>]|#{1,6}|\d+[.)])\s+|\*\*|__")
_RULE = re.compile(
    r"\b(must|never|always|only|don't|do not|doesn't|should(?:n't)?|shall|instead|rather than|prefer|avoid|"
    r"no longer|make sure|ensure|required?|not allowed|keep|stick (?:to|with)|use|has to|have to|without)\b",
    re.IGNORECASE,
)
_CHOICE = re.compile(
    r"\b(decided?|chose|we'?ll use|i'?ll use|we will|going with|let'?s (?:use|go|keep|do)|switch(?:ed|ing)? to|"
    r"agreed|settled|instead of|the (?:fix|approach|plan|cause|reason|problem) (?:is|was)|root cause|turns out)\b",
    re.IGNORECASE,
)
_REJECTED = re.compile(
    r"\b(won'?t work|doesn'?t work|did not work|didn'?t work|rejected|ruled out|not worth|abandon(?:ed)?|"
    r"bad idea|can(?:no|')t (?:use|be used)|drop(?:ped)? the idea|revert(?:ed)?)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(open question|still (?:open|unclear|need)|to be decided|not sure (?:yet|whether)|later we)\b",
    re.IGNORECASE,
)
_ERROR = re.compile(r"\b(error|exception|failed|failure|fatal|panic)\b", re.IGNORECASE)
_DONE = re.compile(
    r"\b(done|complete[d]?|implemented|all tests pass|now works?|fixed|added|finished|committed)\b",
    re.IGNORECASE,
)


@frozen
class Said:
    """A sentence, who said it and in which turn."""

    text: str
    turn: int
    user: bool


def operations(turns: Sequence[Turn], ledger: Ledger) -> tuple[Operation, ...]:
    """Operations that move what the turns say into the ledger; the newest state replaces the last one."""
    made: list[Operation] = []
    known = {_plain(entry.text) for entry in ledger.entries.values()}
    taken = set(ledger.entries)

    def add(kind: EntryKind, text: str, turn: int, owner: str = "", about: str = "") -> None:
        text = clip(text)
        if not text or _plain(text) in known:
            return
        known.add(_plain(text))
        number = 1
        while (name := f"s{turn}.{number}") in taken:
            number += 1
        taken.add(name)
        about = about or (subject(text) if kind == "decision" else "state" if kind == "state" else "")
        made.append(Add(Entry(name, kind, text, "summariser", (turn,), owner=owner, subject=about)))

    for turn in turns:
        for said in _sentences(turn):
            if kind := _kind(said):
                add(kind, said.text, turn.number, "user" if kind == "question" and said.user else "")
        if asked := _asked(turn):
            add("work", asked, turn.number)
        for command, result in _commands(turn).items():
            failing = {
                one.id for one in (*ledger.live(), *_added(made)) if one.kind == "issue" and one.subject == command
            }
            if result.error:
                add(
                    "issue",
                    f"`{clip(command, 80)}` fails: {clip(_error(result.text), 120)}",
                    turn.number,
                    about=command,
                )
            else:
                made += [Resolve(name, f"passes since turn {turn.number}", "summariser") for name in failing]
    if state := _state(turns):
        add("state", state, turns[-1].number)
    return tuple(made)


def _added(operations: Sequence[Operation]) -> Iterator[Entry]:
    """The entries that are on their way into the ledger."""
    resolved = {one.id for one in operations if isinstance(one, Resolve)}
    return (one.entry for one in operations if isinstance(one, Add) and one.entry.id not in resolved)


def clip(text: str, longest: int = LONGEST) -> str:
    """One line of at most `longest` characters, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    return line[: line.rfind(" ", 0, longest - 1) if " " in line[: longest - 1] else longest - 1] + "…"


def _kind(said: Said) -> EntryKind | None:
    if said.text.endswith("?") and not said.user:
        return "question" if _OPEN.search(said.text) else None
    if said.user:
        if said.text.endswith("?"):
            return None
        return "constraint" if _RULE.search(said.text) else "decision" if _CHOICE.search(said.text) else None
    if _REJECTED.search(said.text):
        return "rejected"
    if _CHOICE.search(said.text):
        return "decision"
    if _OPEN.search(said.text):
        return "question"
    return "work" if _DONE.search(said.text) else None


def _sentences(turn: Turn) -> Iterator[Said]:
    """Sentences of the dialogue that can stand alone: neither code nor headings, nor tagged lines."""
    for item in turn.items:
        if not isinstance(item, Spoke | Replied):
            continue
        if isinstance(item, Spoke) and item.origin == "interrupt":
            continue
        user = isinstance(item, Spoke)
        skip = {said for _, said, _ in tagged(item.text)} if not user else set()
        for part in _SENTENCE.split(_FENCED.sub("\n", item.text)):
            text = _MARKUP.sub("", part).strip().rstrip(":")
            if 20 <= len(text) <= 600 and text.count(" ") >= 3 and not any(one in text for one in skip):
                yield Said(text, turn.number, user)


def _asked(turn: Turn) -> str:
    """What the user asked for, as one line."""
    words = [item.text for item in turn.items if isinstance(item, Spoke) and item.origin == "user"]
    first = next((line.strip() for text in words for line in text.splitlines() if line.strip()), "")
    return f"Asked: {first}" if len(first) >= 20 else ""


def _commands(turn: Turn) -> dict[str, ToolReturned]:
    """The last result of each command that ran in the turn."""
    calls = {item.id: item for item in turn.items if isinstance(item, ToolCalled)}
    last: dict[str, ToolReturned] = {}
    for item in turn.items:
        if isinstance(item, ToolReturned) and item.id in calls:
            command = calls[item.id].args.get("command")
            if isinstance(command, str):
                last[" ".join(command.split())] = item
    return last


def _error(text: str) -> str:
    """The line of a failed command's output that says most: the last one that speaks of an error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if _ERROR.search(line)]
    return (telling or lines or ["no output"])[-1]


def _state(turns: Sequence[Turn]) -> str:
    """The first two sentences with which the agent closed the last turn in which it spoke."""
    for turn in reversed(turns):
        replies = [item for item in turn.items if isinstance(item, Replied) and item.text.strip()]
        if replies:
            said = [one.text for one in _sentences(Turn(turn.number, turn.at, (replies[-1],)))]
            if said:
                return clip(" ".join(said[:2]), 400)
    return ""


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()
