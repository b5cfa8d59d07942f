"""Header of a file in the view: the line that names it to the model, written when the view is made.

The log has the path, the form and the content alone. Earlier versions kept the header in the event's text: such an
event is taken apart when it is read, and is shown byte for byte as it was.
"""

from __future__ import annotations

import re

from attrs import evolve

from throughline.domain.events import FileInjected

_WHOLE = "File {}:\n\n"
_LINES = "File {}, lines {} to {} of {}:\n\n"
_RENAMED = "File {}, which was {} before:\n\n"


def file_header(file: FileInjected) -> str:
    """What stands above a file's content in the view: nothing above a notice, nor above a skeleton, which names its
    file itself, unless that had another name before.
    """
    if file.headed or file.absent:
        return ""
    if file.first:
        return _LINES.format(file.path, file.first, file.last, file.lines)
    if file.was:
        return _RENAMED.format(file.path, file.was)
    return "" if file.form == "skeleton" else _WHOLE.format(file.path)


def shown_text(file: FileInjected) -> str:
    """A file as the model is shown it."""
    return file_header(file) + file.text


def split_header(file: FileInjected) -> FileInjected:
    """An event of an earlier version with its content alone; it stays as it is where its text has no such header."""
    if not file.headed:
        return file
    counted = re.match(re.escape(_LINES.format(file.path, file.first, file.last, "")[:-3]) + r"(\d+):\n\n", file.text)
    made = evolve(file, headed=False, lines=int(counted[1]) if file.first and counted else 0)
    header = file_header(made)
    return evolve(made, text=file.text[len(header) :]) if file.text.startswith(header) else file
