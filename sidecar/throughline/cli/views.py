"""Writes the views of a replay: at its end, after its last compaction, and where the other tool summarised."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from throughline.cli.parts import Tape
from throughline.core.events import Compacted, Logged
from throughline.core.ports import Model, Piece, Request
from throughline.core.recording import Recording
from throughline.core.view import View
from throughline.session.owner import Owner


class Views:
    """Watches the requests of one replay; `summaries` are the steps at which the other tool summarised."""

    def __init__(self, folder: Path | None, recording: Recording) -> None:
        self._folder = folder
        self._summaries = [step.i for step in recording.steps if step.kind == "compact_summary"]
        self._last: View | None = None
        self._compacted = False
        self.owner: Owner | None = None

    def wrap(self, model: Model, tape: Tape) -> Model:
        """The same model, watched."""
        return _Watched(model, tape, self)

    def logged(self, events: Sequence[Logged]) -> None:
        """Writes the view after a compaction while the session runs; the one that ends it is no view of a call."""
        if self.owner and any(isinstance(one.event, Compacted) for one in events) and self.owner.busy:
            self._compacted = True
            self._write("view-compacted.md", self.owner.view().document())

    def streamed(self, turn: int, text: str) -> None:
        """Text that is not yet an event is of no interest here."""

    def calling(self, point: int, view: View) -> None:
        """A request is about to be sent."""
        self._last = view
        while self._summaries and self._summaries[0] < point:
            self._mark(self._summaries.pop(0), view)

    def finish(self) -> None:
        """The session is about to end."""
        if self.owner is None:
            return
        view = self.owner.view()
        while self._summaries:
            self._mark(self._summaries.pop(0), view)
        self._write("view-end.md", (self._last or view).document())

    def close(self) -> None:
        """The session has ended; where nothing was compacted before, its end did it."""
        if self.owner and not self._compacted:
            self._write("view-compacted.md", self.owner.view().document())

    def _mark(self, index: int, view: View) -> None:
        self._write(f"view-{index}.md", view.document())
        if self.owner:
            self._write(f"summary-{index}.md", self.owner.summary())

    def _write(self, name: str, text: str) -> None:
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / name).write_text(text, encoding="utf-8", errors="replace")


class _Watched:
    def __init__(self, model: Model, tape: Tape, views: Views) -> None:
        self._model = model
        self._tape = tape
        self._views = views

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        self._views.calling(self._tape.point, request.view)
        async for piece in self._model.stream(request):
            yield piece

    def suggestion(self, said: Sequence[str]) -> str:
        return self._model.suggestion(said)
