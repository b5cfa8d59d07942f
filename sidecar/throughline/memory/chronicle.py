"""The chronicle: one line for each turn, what was asked and what came of it, in the speakers' own whole sentences."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise

from attrs import evolve, field, frozen

from throughline.domain.session import Turn
from throughline.memory.commands import CheckKind
from throughline.memory.dialogue import Dialogue, dialogue, own_prose
from throughline.memory.evidence import TurnEvidence, project_root, turn_evidence
from throughline.memory.message_prose import said_sentences
from throughline.memory.tags import untagged
from throughline.memory.text import MORE, TextUnit, asks, clip, joined_lines, text_units

# The characters of a line, from the fullest telling to the shortest; the user's words take at most this part of them.
LENGTHS = (400, 270, 180)
_ASKED = 0.45
# A first sentence of so many characters is told whole, by the telling: the user's, and the agent's.
_FIRST, _LAST = (300, 240, 180), (230, 170, 120)
# With fewer characters a next sentence is told, too: an answer's first words often say nothing.
_BRIEF = 45
# What a kind of check is called.
_KINDS: dict[CheckKind, str] = {"test": "tests", "lint": "lint", "types": "types", "build": "build"}
# Files that a line names, by its telling, and commands beside the checks.
_FILES, _COMMANDS = (4, 3, 2), 2
# The characters of what the agent closed with besides, where a line has no room for it.
REST = 360
# So many lines are told before the newest ones are told at length.
ENOUGH = 16
# The characters of a message that says nothing without what it answers.
_SHORT = 24
# A reply of fewer characters to such a message is a courtesy.
_WELCOME = 16
# A reply that was stopped is told where it had come to more than so many characters: it was an answer by then.
_SUBSTANTIAL = 200


@frozen
class ChronicleLine:
    """What one turn was about."""

    turn: int
    """The turn's number."""
    text: str
    """«What was asked» → what was changed and run; «what the agent closed with»."""
    changed: bool
    """Whether files were changed or a commit was made in it."""
    demands: bool = False
    """Whether the user said what is wanted, and did not only ask or agree."""
    rest: str = ""
    """What the agent's closing words go on with: told where there is room for a second line."""
    shorter: tuple[str, ...] = field(default=(), repr=False)
    """The same in fewer characters, each shorter than the one before."""

    @property
    def line(self) -> str:
        """The text with the turn that it leads back to."""
        return f"Turn {self.turn}: {self.text}"

    @property
    def tellings(self) -> tuple[str, ...]:
        """The texts from the fullest to the shortest."""
        return (self.text, *self.shorter)


def chronicle(turns: Sequence[Turn], rules: Iterable[str] = ()) -> tuple[ChronicleLine, ...]:
    """The chronicle of some turns, in their order. A turn that says and does nothing has no line: a courtesy, a message
    that was stopped and then said again. The user's `rules` stand elsewhere, and some are nobody else's to read: their
    sentences are not told.
    """
    if not turns:
        return ()
    root = project_root(turns)
    made: list[ChronicleLine] = []
    apart = _sentences_of(rules)
    said = [_without(dialogue(turn), apart) for turn in turns]
    offered = ""
    for turn, now, later in zip(turns, said, (*said[1:], None), strict=True):
        line = _line(now, later, turn_evidence(turn, root), offered)
        if line:
            made.append(line)
        offered = _question(now.closing)
    return tuple(made)


def _sentences_of(rules: Iterable[str]) -> re.Pattern[str] | None:
    """What finds the sentences of rules in a message, however its lines are broken."""
    whole = tuple(rules)
    sentences = {*whole, *(one.text for rule in whole for one in said_sentences(rule))}
    longest = sorted(filter(str.strip, sentences), key=len, reverse=True)
    forms = [r"\s+".join(map(re.escape, one.split())) for one in longest]
    return re.compile("|".join(forms)) if forms else None


def _without(now: Dialogue, apart: re.Pattern[str] | None) -> Dialogue:
    if apart is None:
        return now
    messages = (apart.sub("", one) for one in now.messages)
    return evolve(now, messages=tuple(one for one in messages if _letters(one)))


def fit_chronicle(
    lines: Sequence[ChronicleLine], room: int, count: Callable[[str], int], prefix: Callable[[ChronicleLine, str], str]
) -> tuple[tuple[ChronicleLine, str], ...]:
    """The newest lines that fit into `room` tokens, newest first, each with the text that it is told in: some at their
    shortest come before few at length. `prefix` makes the whole line of a text.
    """
    told: dict[int, str] = {}

    def cost(line: ChronicleLine, text: str) -> int:
        return count(f"{prefix(line, text)}\n") + 1

    newest = list(reversed(lines))
    for enough in (True, False):
        for place, line in enumerate(newest):
            if place in told or (enough and place >= ENOUGH):
                continue
            need = cost(line, line.tellings[-1])
            if need > room:
                break
            told[place], room = line.tellings[-1], room - need
        for place, line in enumerate(newest[: len(told)]) if enough else ():
            had = cost(line, told[place])
            text = next((one for one in line.tellings if cost(line, one) - had <= room), told[place])
            room -= cost(line, text) - had
            told[place] = text
    return tuple((newest[place], text) for place, text in told.items())


def opening(message: str, longest: int, least: int = 0) -> str:
    """The first whole sentences of what a user wrote, in so many characters, or one alone in the `least`."""
    return _fitting([unit for unit in text_units(own_prose(message)) if unit.kind != "row"], longest, least)


def closing_words(reply: str, longest: int, least: int = 0) -> str:
    """The first whole sentences of the message with which the agent handed back, in so many characters, or one alone in
    the `least`: without tagged lines, questions and offers.
    """
    return _fitting(_closing_units(reply), longest, least)


def _closing_units(reply: str) -> list[TextUnit]:
    if _lists("client").match(reply.strip()):
        return []
    said = [unit for unit in text_units(untagged(reply)) if unit.kind != "row"]
    # A sentence of which code was a part is not whole without it.
    torn = {
        place for place, unit in enumerate(said[1:], 1) if said[place - 1].kind == "gap" and unit.text[:1].islower()
    }
    return [unit for place, unit in enumerate(said) if place not in torn and not _offers(unit.text)]


def _rest(reply: str, longest: int, least: int) -> str:
    """What the closing words go on with, from the next part on that is understood by itself: no item of a list whose
    announcement stands before.
    """
    units = _closing_units(reply)
    _, taken = _told(units, longest, least)
    headed = any(unit.kind == "heading" for unit in units[:taken])
    opening_kinds = ("heading", "lead") if headed else ("heading", "lead", "sentence")
    start = next((place for place in range(taken, len(units)) if units[place].kind in opening_kinds), len(units))
    return _fitting(units[start:], REST, REST) if taken else ""


def _offers(text: str) -> bool:
    return asks(text) or bool(_lists("offer").match(text))


def _line(now: Dialogue, later: Dialogue | None, proof: TurnEvidence, offered: str) -> ChronicleLine | None:
    """A turn's line, from the fullest telling to the shortest; `offered` is the question with which the turn before
    closed.
    """
    texts = [text for place, longest in enumerate(LENGTHS) if (text := _text(now, proof, offered, longest, place))]
    if not texts or (later is not None and not _did(proof) and _said_again(now, later)):
        return None
    shorter = tuple(after for before, after in pairwise(texts) if len(after) < len(before))
    changed = bool(proof.changed or proof.commits)
    asked = _asked(now, offered, round(LENGTHS[0] * _ASKED), _FIRST[0])
    rest = _rest(handed_back(now), _closing_room(LENGTHS[0], asked, done_in_turn(proof, 0)), _LAST[0])
    return ChronicleLine(now.turn, texts[0], changed, _demands(now), _quoted(rest), shorter)


def _text(now: Dialogue, proof: TurnEvidence, offered: str, longest: int, place: int) -> str:
    done = done_in_turn(proof, place)
    asked = _asked(now, offered, round(longest * _ASKED), _FIRST[place])
    closing = closing_words(handed_back(now), _closing_room(longest, asked, done), _LAST[place])
    came = "; ".join(filter(None, (done, _quoted(closing))))
    if not came and (now.interrupted or not (asked and _demands(now))):
        return ""
    if not _did(proof) and _chat(now, closing):
        return ""
    came = came or (
        "interrupted" if now.interrupted else "no answer in words" if not now.closing else "answered at length"
    )
    return f"{asked} → {came}" if asked else f"→ {came}"


def _closing_room(longest: int, asked: str, done: str) -> int:
    return longest - len(asked) - len(done) - 8


def handed_back(now: Dialogue) -> str:
    """What the agent closed the turn with: where it was stopped, or its last words stand before a call, only words that
    were an answer by then.
    """
    if now.closing and not now.interrupted:
        return now.closing
    last = now.closing or (now.replied[-1] if now.replied else "")
    return last if len(last) > _SUBSTANTIAL else ""


def _asked(now: Dialogue, offered: str, longest: int, least: int) -> str:
    """The user's words, each message in a quotation of its own; one that only answers stands after the question."""
    parts: list[str] = []
    words = own_prose(now.messages[0]) if now.messages else ""
    # A number answers one of several questions, and nothing tells which.
    answers = 0 < len(words) <= _SHORT and not asks(words) and not re.search(r"\d", words)
    if offered and answers and len(offered) <= least:
        parts.append(offered)
    messages = [one for place, one in enumerate(now.messages) if not _repeated(one, now.messages[place + 1 :])]
    for text in messages:
        words = opening(text, longest - sum(map(len, parts)), least // len(messages))
        if words:
            parts.append(words)
    told = [_quoted(words) for words in parts]
    for answer in now.answers:
        room = longest - sum(map(len, told))
        chosen = " ".join(answer.text.split())
        if len(chosen) <= max(room, least if not told else 0):
            asked = _quoted(answer.question) if len(answer.question) + len(chosen) <= room else ""
            told.append(f"{asked} answered {chosen if '`' in chosen else f'`{chosen}`'}".strip())
    return " ".join(told)


def _repeated(message: str, later: Sequence[str]) -> bool:
    return any(one.startswith(message) for one in later)


def _quoted(words: str) -> str:
    if not words:
        return ""
    return f"\u201c{words}\u201d" if "«" in words or "»" in words else f"«{words}»"


def done_in_turn(proof: TurnEvidence, place: int = len(LENGTHS) - 1) -> str:
    """What was changed and run in a turn, in the telling of this place, the shortest where nothing else is said."""
    return "; ".join(_done(proof, place))


def _done(proof: TurnEvidence, place: int) -> Iterator[str]:
    most = _FILES[place]
    if proof.changed:
        more = f" and {len(proof.changed) - most} more" if len(proof.changed) > most else ""
        yield "changed " + ", ".join(f"`{path}`" for path in proof.changed[:most]) + more
    passed = [run.check for run in proof.last_checks if run.outcome == "passed"]
    if passed:
        full = place == 0 and passed[0].kind == "test"
        names = [f"`{clip(one.text, 60)}`" if full and one.kind == "test" else _KINDS[one.kind] for one in passed]
        yield " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) + " passed"
    for run in proof.last_checks:
        if run.outcome == "failed":
            yield f"`{clip(run.check.text, 60)}` failed"
    for command in proof.changing[-_COMMANDS:]:
        if not (proof.commits and "commit" in command):
            yield f"`{clip(command, 60)}`"
    if proof.commits:
        yield "committed " + ", ".join(f"`{one}`" for one in proof.commits[-2:])


def _did(proof: TurnEvidence) -> bool:
    return bool(proof.changed or proof.commits or proof.changing or proof.last_checks)


def _said_again(now: Dialogue, later: Dialogue) -> bool:
    """Whether the user stopped a turn and said the same, or more, in the next one."""
    mine, next_words = (" ".join(" ".join(one.messages).split()).casefold() for one in (now, later))
    return bool(mine) and next_words.startswith(mine) and (now.interrupted or not now.closing)


def _demands(now: Dialogue) -> bool:
    said = [unit for message in now.messages for unit in text_units(own_prose(message)) if not says_nothing(unit)]
    return bool(now.answers) or any(len(unit.text) > _SHORT and not asks(unit.text) for unit in said)


def _chat(now: Dialogue, closing: str) -> bool:
    """Whether a few words were answered by a few, neither of which names anything."""
    words = " ".join(map(own_prose, now.messages))
    return len(words) <= _SHORT and len(closing) < _WELCOME and not _NAMES.search(f"{words} {closing}")


# What names a thing: code, a number, a path, a name in capitals within a word.
_NAMES = re.compile(r"`|\d|\w[./_]\w|[a-z][A-Z]|[\u3040-\u30ff\u3400-\u9fff]{6,}")


def _question(closing: str) -> str:
    """The question with which the agent handed back."""
    last = next((unit.text for unit in reversed([*text_units(untagged(closing))])), "")
    return last if last.endswith(("?", "\uff1f")) else ""


def _fitting(units: Sequence[TextUnit], longest: int, least: int) -> str:
    return _told(units, longest, least)[0]


def _told(units: Sequence[TextUnit], longest: int, least: int) -> tuple[str, int]:
    """The first sentences in so many characters: a heading, or what announces a list, only with what follows it; a
    courtesy only where nothing else is said; nothing of a list whose announcement has no room. Where sentences are
    missing stands an ellipsis. With it comes how many of the units that takes.
    """
    said = [unit for unit in units if unit.kind == "gap" or _letters(unit.text)]
    telling = [unit for unit in said if not says_nothing(unit)]
    kept: list[str] = []
    leads: list[str] = []
    skipped = missed = cut = False
    taken = 0
    for unit in telling if any(unit.text for unit in telling) else said:
        if unit.kind == "gap":
            leads, skipped = [], bool(leads)
        elif unit.kind in ("lead", "heading"):
            leads = [*leads, _numbered(unit)] if unit.kind == "lead" and leads else [unit.text]
            skipped = False
        elif not (unit.kind == "item" and skipped):
            text = _numbered(unit) if leads else unit.text
            size = len(joined_lines([*kept, *leads, text])) + len(MORE)
            if size > (max(longest, least) if len(joined_lines(kept)) < _BRIEF else longest):
                cut = True
                if kept:
                    break
                missed = True
                skipped = bool(leads)
            else:
                kept += [*leads, text]
                skipped = False
                taken = next(place for place, one in enumerate(units, 1) if one is unit)
            leads = []
    text = joined_lines(kept)
    words = sum(bool(unit.text) for unit in telling)
    more = (cut and not missed) or len(kept) + missed < words
    return f"{'… ' if missed and kept else ''}{text}{MORE if kept and more else ''}", taken


def _numbered(unit: TextUnit) -> str:
    return f"{unit.mark} {unit.text}".strip()


def _letters(text: str) -> bool:
    return sum(map(str.isalpha, text)) > 1


def says_nothing(unit: TextUnit) -> bool:
    """Whether a sentence is a courtesy, or only announces the next one."""
    bare = re.sub(r"^[^\w]+|[^\w]+$", "", unit.text)
    if unit.kind in ("lead", "heading", "gap"):
        return False
    return bool(_lists("courtesy").fullmatch(bare) or _lists("announcement").match(bare))


@cache
def _lists(name: str) -> re.Pattern[str]:
    data = tomllib.loads(files(__package__).joinpath("chronicle.toml").read_text(encoding="utf-8"))
    return re.compile("|".join(data[name]), re.IGNORECASE)
