"""The way back to before a turn: its files, its conversation, or both."""

from __future__ import annotations

from throughline.core.acting import Change, Checkpoints
from throughline.core.deeds import Checkpointed, Restored
from throughline.core.session import Session
from throughline.session.journal import Journal
from throughline.session.mailbox import RefusedError
from throughline.session.world import World


async def changed(world: World, session: Session, turn: int) -> tuple[Change, ...]:
    """How the files differ now from what they were before a turn. Raises RefusedError and CheckpointError."""
    kept = _checkpoint(session, turn)
    return await world.off(lambda: _keeper(world).changes(kept.id)) if kept else ()


async def restore(world: World, journal: Journal, turn: int, *, files: bool, conversation: bool) -> Restored:
    """Goes back to before a turn. The files as they are now are kept first. Raises RefusedError, CheckpointError."""
    session = journal.session
    if not any(one.number == turn for one in session.turns):
        raise RefusedError(f"There is no turn {turn} in this conversation.")
    if conversation and all(one.turn != turn for one in session.openings):
        raise RefusedError(f"The conversation before turn {turn} is too long ago: only its files can be restored.")
    kept = _checkpoint(session, turn) if files else None
    paths: tuple[str, ...] = ()
    now = ""
    if kept is not None:
        keeper, name = _keeper(world), kept.id
        label = f"{session.id}/before-{session.seq + 1}"
        now = (await world.off(lambda: keeper.take(label))).id
        paths = await world.off(lambda: keeper.restore(name))
    event = Restored(turn, paths, conversation, now)
    await journal.keep([event])
    return event


def _checkpoint(session: Session, turn: int) -> Checkpointed | None:
    """The files as a turn found them: kept by itself, or by the first later one that touched any."""
    return next((one for one in session.checkpoints if one.turn >= turn), None)


def _keeper(world: World) -> Checkpoints:
    if world.checkpoints is None:
        raise RefusedError("The files of this session are not kept: nothing in it could change them.")
    return world.checkpoints
