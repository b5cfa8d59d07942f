"""The rewind to before a turn: its files, its conversation, or both."""

from __future__ import annotations

from throughline.domain.events import CheckpointCreated, SessionRewound
from throughline.domain.ports import Checkpoints, FileDifference
from throughline.domain.session import Session
from throughline.session.actor import Journal, RefusedError, SessionPorts


async def changes_since_turn(ports: SessionPorts, session: Session, turn: int) -> tuple[FileDifference, ...]:
    """How the files differ now from what they were before a turn. Raises RefusedError and CheckpointError."""
    kept = _checkpoint(session, turn)
    return await ports.in_worker(lambda: _keeper(ports).changes(kept.id)) if kept else ()


async def rewind(
    ports: SessionPorts, journal: Journal, turn: int, *, files: bool, conversation: bool
) -> SessionRewound:
    """Goes back to before a turn. The files as they are now are kept first. Raises RefusedError, CheckpointError."""
    session = journal.session
    if not any(one.number == turn for one in session.turns):
        raise RefusedError(f"There is no turn {turn} in this conversation.")
    if conversation and all(one.turn != turn for one in session.rewind_points):
        raise RefusedError(f"The conversation before turn {turn} is too long ago: only its files can be restored.")
    kept = _checkpoint(session, turn) if files else None
    paths: tuple[str, ...] = ()
    now = ""
    if kept is not None:
        keeper, name = _keeper(ports), kept.id
        label = f"{session.id}/before-{session.seq + 1}"
        now = (await ports.in_worker(lambda: keeper.take(label))).id
        paths = await ports.in_worker(lambda: keeper.restore(name))
    event = SessionRewound(turn, paths, conversation, now)
    await journal.keep([event])
    return event


def _checkpoint(session: Session, turn: int) -> CheckpointCreated | None:
    """The files as a turn found them: kept by itself, or by the first later one that touched any."""
    return next((one for one in session.checkpoints if one.turn >= turn), None)


def _keeper(ports: SessionPorts) -> Checkpoints:
    if ports.checkpoints is None:
        raise RefusedError("The files of this session are not kept: nothing in it could change them.")
    return ports.checkpoints
