"""The user's own words inside a tool's result: what came with a refusal, and answers to the agent's questions.

Claude Code puts both into results, in sentences of its own. SpecStory, whose blocks hold a call and its output,
shows the same sentences at a block's end, or the answers below the questions.
"""

import re

from throughline.core.recording import Step

_ASKING = frozenset({"AskUserQuestion"})

_REFUSED = re.compile(
    r"(?:The user doesn.t want to |Permission for this tool use was denied\.)[^\n]*?"
    r"(?:[Tt]he user said:\n|The user provided the following reason for the rejection:)"
)
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
_OPTION = re.compile(r"^- \*\*(.+?)\*\*(?: - |$)", re.MULTILINE)
_FENCED = re.compile(r"^```\w*\n(?=The user |User has |Your questions |Permission for )", re.MULTILINE)


def spoken(step: Step, call: Step | None = None) -> str:
    """The user's own words inside a tool's result, or in a call's block of SpecStory; "" where there are none.

    Answers stand one to a line, or as SpecStory joins them; an option that was chosen counts, its preview does not.
    `call` is the call that a result answers: with it, an answer counts only from a tool that asks the user.
    """
    if step.kind == "tool_result" and step.error:
        return _refusal(step.text)
    if step.kind == "tool_result":
        return _answer(step.text) if call is None or call.tool in _ASKING else ""
    if step.kind == "tool_call":
        return _block(step.text, asking=step.tool in _ASKING)
    return ""


def _refusal(text: str) -> str:
    found = _REFUSED.match(text)
    if not found:
        return ""
    words = _own(text[found.end() :])
    return "\n".join(line.strip() for line in _LISTED.findall(words)) if words.startswith(_CLARIFY) else words


def _own(words: str) -> str:
    """`words` without what the tool added at their end for its model."""
    words = words.partition(_HINT)[0].strip()
    while words.endswith(_REMINDER[1]) and _REMINDER[0] in words:
        words = words[: words.rindex(_REMINDER[0])].rstrip()
    return words


def _answer(text: str) -> str:
    found = _ANSWERED.match(text)
    if not found:
        return ""
    said = _own(text[found.end() :])
    if found["freely"]:
        return said
    end = max(said.rfind(advice) for advice in _ADVICE)
    _, *parts = _EQUALS.split(said[:end] if end >= 0 else said)
    # Up to the last one, an answer is followed by the next question, of which the split took the end.
    own = [part.rpartition(', "')[0] for part in parts[:-1]] + parts[-1:]
    return "\n".join(words.strip() for part in own for words in _words(part) if words.strip())


def _words(part: str) -> tuple[str, str]:
    """What was chosen and what was noted in one answer, written `"choice" selected preview:… notes: note`."""
    choice, previewed, preview = part.partition(_PREVIEW)
    if previewed:
        notes = _NOTES.search(preview)
        return choice.removeprefix('"'), preview[notes.end() :] if notes else ""
    choice, *rest = _NOTED.split(part, maxsplit=1)
    return choice.removeprefix('"'), "".join(rest)


def _block(text: str, *, asking: bool) -> str:
    inner = text.rstrip().removesuffix("</tool-use>").rstrip().removesuffix("</details>").rstrip()
    above, shown, answer = inner.rpartition(_SHOWN)
    if asking and shown:
        return _unpreviewed(_own(answer), _OPTION.findall(above))
    fence = _FENCED.search(inner)
    if not fence:
        return ""
    output = inner[fence.end() :].removesuffix("```")
    return _refusal(output) or (_answer(output) if asking else "")


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
