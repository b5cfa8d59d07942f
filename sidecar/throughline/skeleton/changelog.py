"""The semantic change log, written as Markdown."""

from collections.abc import Iterator, Sequence

from throughline.core.changes import Bullet


def written(bullets: Sequence[Bullet]) -> str:
    """The log as Markdown. What changed in layout or comments only is named in one line at the end."""
    loud = [one for one in bullets if not one.quiet]
    quiet = [one.path for one in bullets if one.quiet]
    lines = [line for one in loud for line in _lines(one)]
    if quiet:
        lines.append(f"- Only white space, comments or layout: {', '.join(_code(path) for path in quiet)}")
    return "\n".join(lines) + "\n" if lines else "Nothing changed.\n"


def _lines(one: Bullet) -> Iterator[str]:
    mark = " **Breaking.**" if one.breaking else ""
    moved = f" (was {_code(one.was)})" if one.was else ""
    why = f" {one.why}" if one.why else ""
    yield f"- {_code(one.path)}{moved}: {one.said}{mark}{why}"
    if one.dependencies:
        yield f"  - New dependencies: {', '.join(one.dependencies)}"
    if one.interface:
        yield "  - Interface: " + "; ".join(
            ("**breaking** " if step.breaking else "") + step.text for step in one.interface
        )
    if one.behaviour:
        yield f"  - Errors and defaults: {'; '.join(one.behaviour)}"


def _code(path: str) -> str:
    """A path as code; one with a back quote or a line end in it is written as a string."""
    return f"`{path}`" if path.isprintable() and "`" not in path else f"`{path!a}`".replace("\\x60", "'")
