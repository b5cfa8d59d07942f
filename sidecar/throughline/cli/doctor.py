"""`throughline doctor`: prints what works here, what does not, and how to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from throughline.app.doctor import run_checks
from throughline.cli.output import SafeConsole

if TYPE_CHECKING:
    from throughline.app.container import Container


def print_check_results(container: Container, project: Path) -> bool:
    """Prints the findings; true where nothing keeps a session from running."""
    console = SafeConsole(highlight=False)
    found = list(run_checks(container, project, lambda: container.keyed(project)))
    for one in found:
        mark, style = ("ok", "green") if one.ok else ("!!", "red")
        console.print(Text.assemble((mark, style), f" {one.what}" + ("" if one.ok else f": {one.fix}")))
    return all(one.ok for one in found)
