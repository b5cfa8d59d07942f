"""Staleness in the editor: files that differ from what the model saw, their hover, diagnostic and quick fixes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from throughline.domain.file_knowledge import digest
from throughline.domain.staleness import OUT_OF_DATE, view_freshness
from throughline.server.documents import EditorDocuments

if TYPE_CHECKING:
    from throughline.session.files import FileMovement
    from throughline.session.live_session import LiveSession


# Differences that are kept: a hover comes with every rest of the mouse, a diagnostic with every pause in typing.
_KEPT = 32

_Key = tuple[str, str, str, int, int, str]


class StaleFiles:
    """Differences of one workspace's files, made once for the same two texts; `owner` gives the open session."""

    def __init__(self, files: EditorDocuments, live: Callable[[], LiveSession | None]) -> None:
        self._files = files
        self._live_session = live
        self._made: dict[_Key, FileMovement] = {}

    async def of(self, uri: str) -> FileMovement | None:
        """What moved in a file, or None where it is as the model knows it, is gone or is not in the view."""
        path, live = self._files.path(uri), self._live_session()
        file = live.session.files.get(path) if live and path else None
        if live is None or file is None:
            return None
        text = await asyncio.to_thread(self._files.text, file.path)
        if text is None:
            return None
        now = await asyncio.to_thread(digest, text)
        if view_freshness(live.session, file, now) not in OUT_OF_DATE:
            return None
        key = (file.path, file.digest, file.form, file.first, file.last, now)
        if key not in self._made:
            self._made[key] = await live.moved(file.path)
            for old in list(self._made)[:-_KEPT]:
                del self._made[old]
        return self._made[key]


def hover_markdown(moved: FileMovement, uri: str, line: int) -> str | None:
    """What moved at a line (from 1) of a stale file, with its commands; on the first line, all that moved."""
    said = [sentence for sentence, places in moved.sentences if line in places or line == 1]
    if not said and line != 1:
        return None
    listed = "\n".join(f"- {sentence}" for sentence in said) or "- no signature changed; what is inside them did"
    links = " · ".join(
        _link(title, command, uri)
        for title, command in (("Refresh", "throughline.refresh"), ("Show Difference", "throughline.difference"))
    )
    return f"**The model saw an older version of this file**\n\n{listed}\n\n{links}"


def _link(title: str, command: str, uri: str) -> str:
    return f"[{title}](command:{command}?{quote(json.dumps([uri]))})"


log = logging.getLogger("throughline")
SOURCE = "Throughline"
_SAYING = "The model saw an older version of this file"
# Seconds for which typing goes on undisturbed.
MARKING_PAUSE = 0.2
# Sentences that a diagnostic has room for.
_MOST = 5


class StaleDiagnostics:
    """Marks the files that are open in the editor; the trees and the badges speak of the others."""

    def __init__(self, server: LanguageServer, moved: Callable[[str], Awaitable[FileMovement | None]]) -> None:
        self._server = server
        self._moved = moved
        self._shown: dict[str, types.Diagnostic] = {}

    def actions(self, uri: str, span: types.Range) -> list[types.CodeAction]:
        """What can be done about the mark of a file, where it is in sight of a span."""
        mark = self._shown.get(uri)
        if mark is None or not span.start.line <= mark.range.start.line <= span.end.line:
            return []
        return [
            _action("Refresh what the model sees of this file", "throughline.refresh", uri, mark, preferred=True),
            _action("Show what moved since the model saw it", "throughline.difference", uri, mark),
        ]

    async def mark(self) -> None:
        """Marks anew what is open, and takes the marks from what is closed."""
        open_now = dict(self._server.workspace.text_documents)
        for uri in {*open_now, *self._shown}:
            document = open_now.get(uri)
            self._show(uri, await self._found(uri, document.lines) if document else None)

    async def _found(self, uri: str, lines: Sequence[str]) -> types.Diagnostic | None:
        try:
            moved = await self._moved(uri)
        except Exception:  # a file that cannot be read just now has no mark, and the next change asks again
            log.exception("what moved in a file could not be found")
            return None
        return diagnostic(moved, lines) if moved else None

    def _show(self, uri: str, mark: types.Diagnostic | None) -> None:
        if mark == self._shown.get(uri):
            return
        if mark is None:
            del self._shown[uri]
        else:
            self._shown[uri] = mark
        told = types.PublishDiagnosticsParams(uri, [mark] if mark else [])
        self._server.text_document_publish_diagnostics(told)


def diagnostic(moved: FileMovement, lines: Sequence[str]) -> types.Diagnostic | None:
    """Says what moved, at the first line that did; None where the model would be shown the same again."""
    if moved.seen == moved.now:
        return None
    said = [sentence for sentence, _ in moved.sentences]
    more = [f"… and {len(said) - _MOST} more"] if len(said) > _MOST else []
    listed = "".join(f"\n- {sentence}" for sentence in said[:_MOST] + more)
    first = min((places.start for _, places in moved.sentences if places), default=1)
    line = max(0, min(first, len(lines)) - 1)
    text = lines[line].rstrip("\r\n") if lines else ""
    # An editor counts as UTF-16 does.
    start, end = (len(part.encode("utf-16-le")) // 2 for part in (text[: len(text) - len(text.lstrip())], text))
    return types.Diagnostic(
        types.Range(types.Position(line, start), types.Position(line, end)),
        f"{_SAYING}{':' if listed else '.'}{listed}",
        types.DiagnosticSeverity.Information,
        "stale",
        source=SOURCE,
    )


def _action(title: str, command: str, uri: str, mark: types.Diagnostic, *, preferred: bool = False) -> types.CodeAction:
    does = types.Command(title, command, arguments=[uri])
    return types.CodeAction(title, types.CodeActionKind.QuickFix, [mark], is_preferred=preferred, command=does)
