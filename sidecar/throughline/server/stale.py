"""Marks the files that have moved on since the model saw them, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lsprotocol import types

SOURCE = "Throughline"
_TEXT = "The model saw an older version of this file."
_START = types.Range(types.Position(0, 0), types.Position(0, 0))
_ACTIONS = (("Refresh what the model saw", "throughline.refresh"), ("Show what has changed", "throughline.difference"))

Publish = Callable[[str, list[types.Diagnostic]], None]


class Marks:
    """The files that are marked in the editor, by their addresses; only what changes is told."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._shown: frozenset[str] = frozenset()

    def show(self, stale: Iterable[str]) -> None:
        """Marks these files and no others."""
        now = frozenset(stale)
        for uri in sorted(self._shown - now):
            self._publish(uri, [])
        for uri in sorted(now - self._shown):
            self._publish(uri, [types.Diagnostic(_START, _TEXT, types.DiagnosticSeverity.Information, source=SOURCE)])
        self._shown = now


def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
    """What can be done about a mark where the cursor stands on one."""
    marks = [one for one in params.context.diagnostics if one.source == SOURCE]
    return [
        types.CodeAction(
            title,
            kind=types.CodeActionKind.QuickFix,
            diagnostics=marks,
            command=types.Command(title=title, command=command, arguments=[params.text_document.uri]),
        )
        for title, command in _ACTIONS
        if marks
    ]
