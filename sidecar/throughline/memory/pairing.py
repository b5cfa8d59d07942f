"""A question or proposal and its answer as one sentence: what was agreed to, or turned down, and in which words."""

from __future__ import annotations

from attrs import frozen

from throughline.memory.cues import heard
from throughline.memory.text import Sentence, sentences, terms, whole

# Characters of each half: together they are an entry. What is longer is left out.
_HALF = 138
# So many of a reply's last sentences may ask.
_CLOSE = 6
# A message of so many characters may answer without an answer's opening.
_SHORT = 160
# A question of fewer terms says nothing of what is agreed to.
_LEAST = 3
# As much as this of a sentence tells that the answer holds it already.
_TELLING = 40
_AGREES = heard("agrees", r"\A\W*(?:{})(?!\w)")
_REFUSES = heard("refuses", r"\A\W*(?:{})(?!\w)")
_FORMAL = heard("formal", r"\A(?:{})")


@frozen
class Pair:
    """What the agent asked, and what the user answered."""

    asked: str
    answered: str

    @property
    def sentence(self) -> Sentence:
        """Both as one sentence that opens the user's message."""
        text = f"{self.asked} — {self.answered}"
        return Sentence(text, text, 0, True, False)

    def repeats(self, said: Sentence) -> bool:
        """Whether a sentence of the same message stands in the answer already."""
        return said.raw[:_TELLING] in self.answered


def agrees(message: str) -> bool:
    """Whether a message opens with an agreement."""
    return bool(_AGREES.match(message))


def pair(reply: str, message: str) -> Pair | None:
    """The question that a reply closes with and the first line of the message after it, where that answers it."""
    said = [one for one in list(sentences(reply))[-_CLOSE:] if one.raw.endswith("?") and not _FORMAL.match(one.raw)]
    words = next((" ".join(line.split()) for line in message.splitlines() if line.strip()), "")
    answers = len(message) <= _SHORT or _AGREES.match(words) or _REFUSES.match(words)
    if not said or not words or words.endswith("?") or not answers:
        return None
    # Of several questions the fullest one tells most; of equals the last one is meant.
    question = max(reversed(said), key=lambda one: min(6, len(terms(one.text))))
    asked, answered = question.text, whole(words, _HALF)
    if len(terms(asked)) < _LEAST or len(asked) > _HALF or not answered:
        return None
    return Pair(asked, answered)
