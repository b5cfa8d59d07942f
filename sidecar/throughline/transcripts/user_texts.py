"""Texts in the user's place, where no field tells who wrote them: the client of any tool may have put something in."""

from collections.abc import Iterator

from throughline.domain.recording import Kind
from throughline.transcripts import codex
from throughline.transcripts.claude_code import user_text_kind

# The tags in which editors put the words, below files and surroundings.
_ASKED = ("user_query", "userRequest")
_SURROUNDINGS = ("<environment_details>", "</environment_details>")


def user_steps(text: str) -> Iterator[tuple[Kind, str]]:
    """The kinds and texts of the steps that a text in the user's place makes."""
    above, words = _asked(text)
    if above:
        yield "meta", above
    for kind, part in codex.input_parts(words):
        yield (_kind(part) if kind == "prompt" else kind), part


def _asked(text: str) -> tuple[str, str]:
    """What stands above the words, and the words: the whole text where no tag parts them."""
    bare = text.strip()
    for tag in _ASKED if bare.startswith("<") else ():
        begun = bare.rfind(f"<{tag}>")
        if begun >= 0 and bare.endswith(f"</{tag}>"):
            return bare[:begun].strip(), bare[begun:].removeprefix(f"<{tag}>").removesuffix(f"</{tag}>").strip()
    return "", text


def _kind(text: str) -> Kind:
    bare = text.strip()
    surroundings = bare.startswith(_SURROUNDINGS[0]) and bare.endswith(_SURROUNDINGS[1])
    return "meta" if surroundings else user_text_kind(text)
