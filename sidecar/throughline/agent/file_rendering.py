"""A file as the model is shown it: whole, as a skeleton, or some of its lines."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from difflib import SequenceMatcher

from attrs import asdict, evolve, frozen

from throughline.domain.events import FileInjected, Form
from throughline.domain.file_header import file_header, shown_text
from throughline.domain.file_knowledge import digest
from throughline.domain.ports import Skeletons
from throughline.skeleton.llm_docstrings import missing_docs
from throughline.skeleton.model import VERSION
from throughline.skeleton.outline_reader import outline
from throughline.skeleton.render import Skeleton, make_skeleton
from throughline.skeleton.syntax import Deadline, no_deadline

# A file of 2 MB that parses takes about one.
SECONDS = 10.0
# What comments are kept under, before their keys.
COMMENT = "comment:"
_GONE = "File {}: it is gone, or no text any more. What was shown of it before no longer holds."
_TOO_BIG = (
    "File {}: it has changed and is too big by now. What was shown of it before is out of date: read what you need."
)


@frozen
class FileRequest:
    """How a file is to be shown; lines count from 1, the last one included, and 0 and 0 are all of it."""

    form: Form
    first: int = 0
    last: int = 0


def render_file(
    path: str, text: str, asked: FileRequest, count: Callable[[str], int], kept: Skeletons | None = None, was: str = ""
) -> FileInjected:
    """What puts a file before the model. A small file goes whole even where a skeleton was asked for, and lines that
    are not there are left out. `kept` may hold its skeleton already.
    """
    if asked.first:
        return _part(path, text, asked, count)
    if asked.form == "skeleton":
        made = file_skeleton(path, text, count, kept)
        if made.form != "whole":
            made_file = FileInjected(
                path, digest(text), "skeleton", made.text, made.tokens, made.original_tokens, was=was, headed=False
            )
            header = file_header(made_file)
            return evolve(made_file, tokens=made.tokens + (count(header) if header else 0))
    file = FileInjected(path, digest(text), "full", text, 0, count(text), was=was, headed=False)
    return evolve(file, tokens=count(shown_text(file)))


def file_skeleton(path: str, text: str, count: Callable[[str], int], kept: Skeletons | None = None) -> Skeleton:
    """A file's skeleton, made once for each content: what was made before is kept under its hash and version, and so
    are the comments that a model wrote on what is in it.
    """
    if kept is None:
        return make_skeleton(path, text, count, late=parse_deadline())
    key = skeleton_key(path, text)
    if known := kept.find([key]).get(key):
        return Skeleton(**json.loads(known))
    return refresh_skeleton(path, text, count, kept)


def refresh_skeleton(path: str, text: str, count: Callable[[str], int], kept: Skeletons) -> Skeleton:
    """A file's skeleton, made with the comments that are known by now, and kept."""
    late = parse_deadline()
    made = make_skeleton(path, text, count, late=late, comments=skeleton_comments(path, text, kept, late))
    # What was given up on a busy machine may be done on an idle one.
    if not late():
        kept.keep({skeleton_key(path, text): json.dumps(asdict(made))})
    return made


def skeleton_comments(path: str, text: str, kept: Skeletons, late: Deadline = no_deadline) -> dict[str, str]:
    """The comments that a model has written on definitions in a file, by their keys."""
    read = outline(path, text, late)
    wanted = [one.key for one in missing_docs(read, text)] if read else []
    return {key.removeprefix(COMMENT): said for key, said in kept.find([COMMENT + key for key in wanted]).items()}


def skeleton_key(path: str, text: str) -> str:
    """The key of a file's skeleton."""
    return f"{VERSION}:{digest(text)}:{path}"


def parse_deadline() -> Deadline:
    """How long one file may take to read: then it is shown by its indentation."""
    until = time.monotonic() + SECONDS
    return lambda: time.monotonic() > until


def gone_notice(file: FileInjected, count: Callable[[str], int]) -> FileInjected:
    """What tells the model that a file before it is there no more."""
    return _missing(file, "", _GONE.format(file.path), count)


def too_big_notice(file: FileInjected, now: str, count: Callable[[str], int]) -> FileInjected:
    """What tells the model that a file before it has changed, where its new content does not fit; `now` is its hash."""
    return _missing(file, now, _TOO_BIG.format(file.path), count)


def follow_range(file: FileInjected, text: str) -> FileRequest:
    """How a file that has changed is shown again: a range stays with the code that it showed."""
    if not file.first:
        return FileRequest(file.form)
    old, new = file.text.splitlines(), text.splitlines()
    match = SequenceMatcher(None, old, new, autojunk=False).find_longest_match()
    shift = match.b - (file.first - 1 + match.a) if match.size else 0
    first = max(1, min(file.first + shift, len(new)))
    return FileRequest(file.form, first, max(first, min(file.last + shift, len(new))))


def _part(path: str, text: str, asked: FileRequest, count: Callable[[str], int]) -> FileInjected:
    lines = text.splitlines(keepends=True)
    first = max(1, min(asked.first, len(lines)))
    last = max(first, min(asked.last, len(lines)))
    shown = "".join(lines[first - 1 : last])
    file = FileInjected(path, digest(text), "full", shown, 0, count(text), first, last, lines=len(lines), headed=False)
    return evolve(file, tokens=count(shown_text(file)))


def _missing(file: FileInjected, now: str, text: str, count: Callable[[str], int]) -> FileInjected:
    return evolve(file, digest=now, text=text, tokens=count(text), absent=True, copy=0)
