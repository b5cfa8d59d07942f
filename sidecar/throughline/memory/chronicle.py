"""The chronicle: one line for each turn, what was asked and what came of it, in the speakers' own whole sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attrs import field, frozen

from throughline.domain.session import Turn
from throughline.memory.dialogue import dialogue
from throughline.memory.evidence import TurnEvidence, turn_evidence
from throughline.memory.tags import untagged
from throughline.memory.text import bare, clip, joined_lines, sentence_parts

# The characters of the user's words and of the agent's closing ones in a line; a measured pair (see the benchmarks).
ASKED, CLOSING = 240, 160
# Files and commands that a line names.
_FILES, _COMMANDS = 6, 3
# So many lines are told before the newest ones are told at length.
ENOUGH = 16


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


def chronicle(turns: Sequence[Turn], asked: int = ASKED, closing: int = CLOSING) -> tuple[ChronicleLine, ...]:
    """The chronicle of some turns, in their order; one in which nothing was said and nothing done has no line."""
    return tuple(line for turn in turns if (line := chronicle_line(turn, asked, closing)))


def chronicle_line(turn: Turn, asked: int = ASKED, closing: int = CLOSING) -> ChronicleLine | None:
    """A turn's line, with at most so many characters of the user's words and of the agent's closing ones."""
    said, proof = dialogue(turn), turn_evidence(turn)
    words = opening(said.asked[0], asked) if said.asked else ""
    end = closing_words(said.replied[-1], closing) if said.replied else ""
    came = "; ".join((*_done(proof), *([f"«{end}»"] if end else [])))
    if not words and not came:
        return None
    text = f"«{words}» → {came or 'no reply'}" if words else f"→ {came}"
    return ChronicleLine(turn.number, text, bool(proof.changed or proof.commits))


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


def opening(message: str, longest: int) -> str:
    """The first whole sentences of what somebody said, in so many characters; nothing where the first is longer."""
    return _fitting(_sentences(message), longest)


def closing_words(reply: str, longest: int) -> str:
    """The first whole sentences of the message with which the agent handed back, tagged lines and announcements of
    what follows apart.
    """
    said = [one for one in _sentences(untagged(reply)) if not one.endswith(":")]
    return _fitting(said, longest)


def _fitting(said: Sequence[str], longest: int) -> str:
    kept: list[str] = []
    for one in said:
        if len(joined_lines([*kept, one])) + 2 > longest:
            break
        kept.append(one)
    text = joined_lines(kept)
    return f"{text} …" if kept and len(kept) < len(said) else text


def _sentences(text: str) -> list[str]:
    return [kept for line in sentence_parts(text) for part in line if (kept := bare(part))]


def _done(proof: TurnEvidence) -> Iterator[str]:
    if proof.changed:
        more = f" and {len(proof.changed) - _FILES} more" if len(proof.changed) > _FILES else ""
        yield "changed " + ", ".join(f"`{path}`" for path in proof.changed[:_FILES]) + more
    for run in proof.commands[-_COMMANDS:]:
        yield f"`{clip(run.command, 60)}` {'failed' if run.failed else 'passed'}"
    if proof.commits:
        yield "committed"
