"""Reading of a recorded session, whichever tool wrote it: the content tells the format, never the name."""

import codecs
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Protocol

from throughline.domain.errors import UserError
from throughline.domain.recording import Recording
from throughline.transcripts import (
    aider,
    claude_code,
    cline,
    codex,
    console,
    copilot_chat,
    copilot_cli,
    cursor,
    gemini,
    messages,
    neutral,
    opencode,
    openhands,
    pi,
    specstory,
    swe_agent,
)

_SAID = frozenset({"prompt", "text", "tool_call"})
_HEAD = 32  # lines, blank ones left out, that a format may look at


class TranscriptError(UserError):
    """A file that cannot be read as a recorded session; the message says what is wrong and what to do."""


class Format(Protocol):
    """What a module for one format holds: adding a format is writing such a module and naming it below."""

    NAME: str

    def recognises(self, head: Sequence[str]) -> bool:
        """Whether a file that begins with these lines is of this format."""

    def read(self, lines: Iterable[str]) -> Recording:
        """The recording in these lines, which come without their line ends; never raises on an odd line."""


# The first that recognises a file reads it: the more particular before the more general.
FORMATS: tuple[Format, ...] = (
    neutral,
    claude_code,
    codex,
    pi,
    copilot_cli,
    cursor,
    opencode,
    aider,
    specstory,
    copilot_chat,
    openhands,
    gemini,
    swe_agent,
    cline,
    messages,
    console,
)


def read(path: Path, form: str = "") -> Recording:
    """The recorded session in the file at `path`, read as a stream of lines, in a format that is named or told from
    the content.
    """
    if form and form not in {one.NAME for one in FORMATS}:
        raise TranscriptError(f"There is no format {form}: choose one of {', '.join(one.NAME for one in FORMATS)}.")
    try:
        # A pipe may never end, and cannot be looked at twice.
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise TranscriptError(f"{path.name} is not a regular file: save what it gives to one, and read that.")
        with path.open("rb") as stream:
            recording = _recording(path.name, stream, form)
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise TranscriptError(f"{path.name} cannot be opened ({reason}): check the path.") from error
    except UnicodeDecodeError as error:
        raise TranscriptError(f"{path.name} is not UTF-8 text: save it as UTF-8 and read it again.") from error
    if not any(step.kind in _SAID for step in recording.steps):
        raise TranscriptError(_nothing_said(path.name, recording))
    return recording


def _nothing_said(name: str, recording: Recording) -> str:
    """What was found in a file that has a format's shape and none of a conversation's words."""
    kinds = Counter(step.kind for step in recording.steps)
    found = ", ".join(f"{count} of kind {kind}" for kind, count in kinds.items()) or "no step at all"
    mended = f"; {recording.repairs[0]}" if recording.repairs else ""
    return (
        f"{name} has the format {recording.format}, and nothing in it is a conversation ({found}{mended}): "
        "choose a file with at least one message."
    )


def _recording(name: str, stream: BinaryIO, wanted: str) -> Recording:
    lines = split(stream, _encoding(name, stream))
    head: list[str] = []
    known: list[str] = []
    # The blank lines stay in the head, so that a repair names the line that an editor shows.
    for line in lines:
        head.append(line)
        if line.strip():
            known.append(line)
        if len(known) == _HEAD:
            break
    if not known:
        raise TranscriptError(f"{name} is empty: choose a file that holds a recorded session.")
    told = next((form for form in FORMATS if form.recognises(known)), None)
    chosen = next((form for form in FORMATS if wanted == form.NAME), told)
    if chosen:
        recording = chosen.read(chain(head, lines))
        if chosen is not told and not any(step.kind in _SAID for step in recording.steps):
            hint = f"leave --format out, and it is read as {told.NAME}" if told else "choose another, or leave it out"
            raise TranscriptError(f"{name} is not in the format {chosen.NAME}: {hint}.")
        return recording
    names = ", ".join(form.NAME for form in FORMATS)
    raise TranscriptError(f"{name} is in no known format: choose a recorded session in one of {names}.")


def _encoding(name: str, stream: BinaryIO) -> str:
    """The text encoding that the file's first bytes announce, UTF-8 where they announce none."""
    start = stream.read(8192)
    stream.seek(0)
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if wide and not start.startswith(codecs.BOM_UTF32_LE):
        return "utf-16"
    if b"\0" in start:
        raise TranscriptError(f"{name} is a binary file: choose the text file that the tool recorded.")
    return "utf-8-sig"


def split(stream: BinaryIO, encoding: str, chunk: int = 1 << 20) -> Iterator[str]:
    """The lines of `stream` without their ends, read `chunk` bytes at a time. Only a line feed ends a line,
    and a character cut by the end of the file becomes U+FFFD.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    rest = ""
    for piece in iter(lambda: stream.read(chunk), b""):
        *whole, rest = (rest + decoder.decode(piece)).split("\n")
        for line in whole:
            yield line.removesuffix("\r")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        rest += "\N{REPLACEMENT CHARACTER}"
    if rest:
        yield rest.removesuffix("\r")
