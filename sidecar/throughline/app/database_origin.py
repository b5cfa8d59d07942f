"""The origin of a folder's database: whether it was made on this machine, and what is said where it was not."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from throughline.domain.ports import Store
    from throughline.storage.event_store import SqliteEventStore
    from throughline.workspace.user_state import KnownDatabases


log = logging.getLogger(__name__)

_ELSEWHERE = (
    "This folder's database was not made on this machine: what its sessions say came with the folder, from whoever "
    "made it."
)
_EARLIER = (
    "This folder's database was not made on this machine, or by an earlier version that kept no list of those it "
    "made: if it came with the folder, its sessions say what whoever made it wished."
)


def known_databases() -> KnownDatabases:
    """The list of this user's machine."""
    from throughline.workspace.user_state import KnownDatabases  # noqa: PLC0415

    return KnownDatabases()


def is_foreign(database: SqliteEventStore, project: Path, known: KnownDatabases) -> str:
    """What to tell of a database that is not known to have been made here, or nothing. One made just now is listed."""
    folder = project.resolve()
    if database.since == "made":
        _list(known, folder, database.id, made=True)
        return ""
    standing = known.standing(folder, database.id)
    if standing != "unknown":
        # A folder that was moved is listed where it is now.
        _list(known, folder, database.id, made=standing == "made")
        return ""
    return _EARLIER if database.since == "led" else _ELSEWHERE


def origin_notice(store: Store, project: Path, known: KnownDatabases) -> None:
    """Remembers that the user was told of a database from elsewhere: once is enough."""
    from throughline.storage.event_store import SqliteEventStore  # noqa: PLC0415

    if isinstance(store, SqliteEventStore):
        _list(known, project.resolve(), store.id, made=False)


def _list(known: KnownDatabases, folder: Path, name: str, *, made: bool) -> None:
    from filelock import Timeout  # noqa: PLC0415

    try:
        known.add(folder, name, made=made)
    except (OSError, Timeout) as error:
        log.warning("The list of the databases made on this machine cannot be written: %s", error)
