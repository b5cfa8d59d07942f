"""Changes of a working tree: each file before and after, and what is said of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

FileType: TypeAlias = Literal["file", "link", "submodule"]
ChangeKind: TypeAlias = Literal["code", "text", "binary", "generated", "link", "submodule", "mode", "conflict", "moved"]


@frozen
class FileSide:
    """One side of a changed file. `text` is None where it is binary, too large or a submodule; a link's text is where
    it leads, a submodule's its commit. `size` is in bytes.
    """

    medium: FileType = "file"
    text: str | None = None
    size: int = 0
    executable: bool = False


@frozen
class FileChange:
    """A changed path: both sides whole (None: there was or is no such file), and the earlier path of a renamed one.

    `generated` is what the repository's attributes say of it; `unmerged` marks a conflict that nobody has resolved.
    """

    path: str
    before: FileSide | None
    after: FileSide | None
    was: str = ""
    generated: bool = False
    unmerged: bool = False


@frozen
class ComparedRevisions:
    """What to compare: from a revision (the last commit without one), to another one, the index or the working tree."""

    start: str = ""
    end: str = ""
    staged: bool = False


@frozen
class InterfaceChange:
    """One change of a file's interface, as a sentence of Markdown; a `breaking` one fails a caller that was right."""

    text: str
    breaking: bool = False


@frozen
class ChangeSummary:
    """What changed in one file: a sentence, then its dependencies, interface, errors and defaults; `why` is a model's.

    `quiet` is a change in white space, comments or layout only.
    """

    path: str
    verdict: ChangeKind
    said: str
    was: str = ""
    dependencies: tuple[str, ...] = ()
    interface: tuple[InterfaceChange, ...] = ()
    behaviour: tuple[str, ...] = ()
    why: str = ""
    quiet: bool = False

    @property
    def breaking(self) -> bool:
        """Whether a caller that was right fails now."""
        return any(step.breaking for step in self.interface)
