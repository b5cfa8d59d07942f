"""The doctor in an editor's window, where the key may be the editor's own.

A part of the composition root, as `__main__` is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from throughline.cli.parts import Library
    from throughline.core.finding import Finding


class Parts(Protocol):
    """What the process has of what is looked at."""

    def exact(self) -> bool:
        """Whether token counts are the tokenizer's own."""
        ...

    def prompts(self, project: Path) -> dict[str, bool]:
        """The prompts by name, and whether the project has its own. Raises PromptError."""
        ...

    def library(self, project: Path) -> Library:
        """What a project has kept. Raises StoreError."""
        ...


@frozen
class _Patient:
    """Everything that is looked at."""

    parts: Parts
    reachable: Callable[[], bool]

    def exact(self) -> bool:
        return self.parts.exact()

    def keyed(self, _: Path) -> bool:
        return self.reachable()

    def prompts(self, project: Path) -> dict[str, bool]:
        return self.parts.prompts(project)

    def library(self, project: Path) -> Library:
        return self.parts.library(project)


def examined(parts: Parts, project: Path, reachable: Callable[[], bool]) -> tuple[Finding, ...]:
    """What works in a project, and what does not; `reachable` says whether a model is. Reads every session."""
    from throughline.cli.doctor import findings  # noqa: PLC0415 - what draws in a terminal is loaded late

    return tuple(findings(_Patient(parts, reachable), project))
