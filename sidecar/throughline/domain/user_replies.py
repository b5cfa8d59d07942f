"""The user's own words inside a tool's result: what came with a refusal, and answers to the agent's questions.

Claude Code puts both into results, in sentences of its own. SpecStory, whose blocks hold a call and its output,
shows the same sentences at a block's end, or the answers below the questions. Other tools are read by what their
sentences have in common: that they begin with what the user did, and name the user's words before a colon.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

# A tool that asks the user, by its name; a task is none.
_ASKING = re.compile(r"(?:^|_)[Aa]sk(?=[A-Z_]|$)|[a-z]Ask(?=[A-Z_]|$)|[Qq]uestion|user_?input", re.ASCII)

_REFUSED = re.compile(
    r"(?:The user doesn.t want to |Permission for this tool use was denied\.)[^\n]*?"
    r"(?:[Tt]he user said:\n|The user provided the following reason for the rejection:)"
)
_STOPPED = re.compile(
    r"(?:Action rejected|Interrupted by user): "
    r"|(?:[^\n.]{0,60}\. )?(?:The )?[Uu]ser "
    r"(?:doesn.t|does not|did not|didn.t|has|rejected|declined|denied|refused|cancelled|chose)\b"
    r"[^:]{0,200}\b(?i:said|feedback|message|reason|instead|answer(?:ed)?|repl(?:y|ied)|wr(?:o|i)te)\b"
    r"[^:\n]{0,40}:[ \n]"
)
# The result of a call that nobody ran: the user said no, or the tool took the call for a mistake.
_UNRUN = re.compile(
    r"(?:The user (?:doesn.t want to|did not allow)|Permission for this tool use was denied|Action rejected"
    r"|User rejected|Nothing was done: )",
)
_DEFAULT = frozenset({"User rejected the action"})
_SAID = re.compile(
    r"(?:the )?user (?:said|answered|replied|wrote|responded)[^:\n]{0,40}:\s*|answers?:\s*", re.IGNORECASE
)
_TAGGED = re.compile(r"\A<(?P<tag>feedback|answer|user_message|response)>\s*(?P<words>.*?)\s*</(?P=tag)>", re.DOTALL)
_BLOCK = re.compile(r"<tool-use[\s>]|<details>|Tool use: \*\*")
# The user turned the questions down to talk first; what had been answered by then is listed.
_CLARIFY = "The user wants to clarify these questions."
_LISTED = re.compile(r"^ +(?:Answer|User notes): (.*?)(?=\n- \"|\n +User notes: |\Z)", re.MULTILINE | re.DOTALL)
_HINT = "\n\nNote: The user's next message may contain a correction or preference."
_REMINDER = ("<system-reminder>", "</system-reminder>")

_ANSWERED = re.compile(
    r"(?:User has answered your questions|Your questions have been answered|The user answered): "
    r"|(?P<freely>The user responded: )"
)
_ADVICE = (". You can now continue with ", ". Read the answers carefully")
_EQUALS = re.compile(r'"=(?="|\(no option selected\))')
_PREVIEW = '" selected preview:\n'
_NOTES = re.compile(r" (?:user )?notes: ")
_NOTED = re.compile(r'(?:"|\(no option selected\))(?: (?:user )?notes: |\Z)')

_SHOWN = "\n**Answer:** "
_QUESTION = re.compile(r"^\*\*(.+)\*\*$", re.MULTILINE)
_OPTION = re.compile(r"^- \*\*(.+?)\*\*(?: - |$)", re.MULTILINE)
_FENCED = re.compile(r"^```\w*\n(?=The user |User has |Your questions |Permission for )", re.MULTILINE)


def user_words(text: str, tool: str = "", *, error: bool = False, asked: bool = False) -> str:
    """The user's own words inside what a call of `tool` gave back, or in a call's block of SpecStory, "" where there
    are none. Answers stand one to a line, or as SpecStory joins them, each after its question where these are `asked`
    for; an option that was chosen counts, its preview does not.

    An answer counts only from a tool that asks the user, and a refusal only where the call failed: whatever else a tool
    puts out is data.
    """
    asking = bool(_ASKING.search(tool))
    if _BLOCK.match(text):
        return _block(text, asking=asking, asked=asked)
    if error:
        return _refusal(text) or _stopped(text)
    return (_answer(text, asked=asked) or _given(text)) if asking else ""


def unrun(result: str) -> bool:
    """Whether a failed call's result says that it never ran: then it says nothing of what was called."""
    return _UNRUN.match(result.lstrip()) is not None


def _refusal(text: str) -> str:
    found = _REFUSED.match(text)
    if not found:
        return ""
    words = _own(text[found.end() :])
    return "\n".join(line.strip() for line in _LISTED.findall(words)) if words.startswith(_CLARIFY) else words


def _stopped(text: str) -> str:
    """What came with a refusal in another tool's words."""
    found = None if text.startswith("The user doesn") else _STOPPED.match(text)
    words = _untagged(_own(text[found.end() :])) if found else ""
    return "" if words in _DEFAULT else words


def _given(text: str) -> str:
    """Answers as another tool hands them on: in a tag, in JSON, or after a few words before a colon."""
    if _TAGGED.match(text):
        return _untagged(text)
    if text.startswith("{"):
        try:
            return "\n".join(_strings(json.loads(text).get("answers")))
        except (ValueError, RecursionError, AttributeError):
            return ""
    found = _SAID.search(text, 0, 200)
    return _untagged(_own(text[found.end() :])) if found else ""


def _untagged(words: str) -> str:
    found = _TAGGED.match(words)
    return found["words"] if found else words


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _own(words: str) -> str:
    """`words` without what the tool added at their end for its model."""
    words = words.partition(_HINT)[0].strip()
    while words.endswith(_REMINDER[1]) and _REMINDER[0] in words:
        words = words[: words.rindex(_REMINDER[0])].rstrip()
    return words


def _answer(text: str, *, asked: bool) -> str:
    found = _ANSWERED.match(text)
    if not found:
        return ""
    said = _own(text[found.end() :])
    if found["freely"]:
        return said
    end = max(said.rfind(advice) for advice in _ADVICE)
    first, *parts = _EQUALS.split(said[:end] if end >= 0 else said)
    # Up to the last one, an answer is followed by the next question, of which the split took the end.
    pairs = [part.rpartition(', "') for part in parts[:-1]]
    questions = [first.removeprefix('"'), *(question for _, _, question in pairs)]
    own = [answer for answer, _, _ in pairs] + parts[-1:]
    lines: list[str] = []
    for question, part in zip(questions, own, strict=False):
        given = [words.strip() for words in _words(part) if words.strip()]
        lines += [f"{question} {' '.join(given)}"] if asked and given else given
    return "\n".join(lines)


def _words(part: str) -> tuple[str, str]:
    """What was chosen and what was noted in one answer, written `"choice" selected preview:… notes: note`."""
    choice, previewed, preview = part.partition(_PREVIEW)
    if previewed:
        notes = _NOTES.search(preview)
        return choice.removeprefix('"'), preview[notes.end() :] if notes else ""
    choice, *rest = _NOTED.split(part, maxsplit=1)
    return choice.removeprefix('"'), "".join(rest)


def _block(text: str, *, asking: bool, asked: bool) -> str:
    inner = text.rstrip().removesuffix("</tool-use>").rstrip().removesuffix("</details>").rstrip()
    above, shown, answer = inner.rpartition(_SHOWN)
    if asking and shown:
        said = _unpreviewed(_own(answer), _OPTION.findall(above))
        questions = _QUESTION.findall(above) if asked and said else []
        return f"{questions[0]} {said}" if len(questions) == 1 else said
    fence = _FENCED.search(inner)
    if not fence:
        return ""
    output = inner[fence.end() :].removesuffix("```")
    return _refusal(output) or (_answer(output, asked=asked) if asking else "")


def _unpreviewed(answer: str, options: list[str]) -> str:
    """A shown answer without its previews. A preview ends at a note or before the next option that was chosen."""
    said, *previews = answer.split(_PREVIEW)
    chosen = re.compile(rf", (?:{'|'.join(map(re.escape, options))})(?=, |\Z)") if options else _NOTES
    for preview in previews:
        ends = [found for found in (chosen.search(preview), _NOTES.search(preview)) if found]
        if ends:
            end = min(ends, key=re.Match.start)
            said += ", " + preview[end.end() if end.re is _NOTES else end.start() + 2 :]
    return said.strip()
