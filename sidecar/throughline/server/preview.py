"""The requests about a compaction that the user looks at first."""

from __future__ import annotations

from collections.abc import Callable

from throughline.compression.compaction import Preview
from throughline.page.page import Page
from throughline.page.rows import held_row
from throughline.session.mailbox import RefusedError
from throughline.session.owner import Owner
from throughline.session.preview import previewed
from throughline.wire.messages import Compacting, Nothing, Previewed


class PreviewRequests:
    """A compaction of the open session that waits for the user's word: one that the session holds, or one that the user
    asked to see, which is known here alone.
    """

    def __init__(self, writable: Callable[[], Owner], page: Page) -> None:
        self._writable = writable
        self._page = page
        self._seen: Preview | None = None

    async def show(self, _: Nothing) -> Previewed:
        """What it would do; from then on it can be applied as it was shown."""
        owner = self._writable()
        preview = await owner.preview()
        if owner.session.held is None:
            self._seen = preview
            self._page.offer(held_row(preview.event))
        return Previewed(previewed(preview))

    async def apply(self, _: Nothing) -> Compacting:
        """Compacts as it was shown; says why where that cannot be done any more."""
        owner, seen = self._writable(), self._seen
        try:
            if owner.session.held is not None:
                made = await owner.confirm()
            elif seen is not None:
                made = await owner.apply(seen)
            else:
                raise RefusedError("No compaction waits for your word: ask for a preview first.")
        except RefusedError as error:
            self.forget()
            return Compacting(made=False, reason=str(error))
        self.forget()
        return Compacting(made=True, reason=f"{made.before:,} → {made.after:,} tokens")

    async def dismiss(self, _: Nothing) -> Nothing:
        """Lets go of it."""
        owner = self._writable()
        if owner.session.held is not None:
            await owner.dismiss()
        self.forget()
        return Nothing()

    def forget(self) -> None:
        """What was shown holds no longer."""
        if self._seen is not None:
            self._seen = None
            self._page.withdraw()
