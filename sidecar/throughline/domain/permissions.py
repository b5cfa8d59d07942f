"""Permissions that the user gave for a session, and the port to where they are kept: never in the workspace."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen


@frozen
class Permission:
    """One thing that was allowed: its pattern, the id of the session that it holds for, and when it was given, in
    seconds since 1970.
    """

    pattern: str
    session: str
    at: float


class Permissions(Protocol):
    """What the user allowed in one folder on one machine. All methods block and raise UserError where what is kept
    cannot be read or written; what was allowed holds in this process all the same.
    """

    def given(self) -> tuple[Permission, ...]:
        """All of them, the oldest first."""
        ...

    def allow(self, session: str, pattern: str) -> None:
        """Allows what a pattern fits for the rest of a session, in every process that opens it."""
        ...

    def withdraw(self, session: str = "", pattern: str = "") -> tuple[Permission, ...]:
        """Takes back those of a session, those with a pattern, or all of them: those that are gone."""
        ...


def patterns(permissions: Permissions, session: str) -> tuple[str, ...]:
    """The patterns that hold in a session. Raises UserError as `given` does."""
    return tuple(one.pattern for one in permissions.given() if one.session == session)


class MemoryPermissions:
    """Permissions that end with the process: for tests, and for sessions that are kept nowhere."""

    def __init__(self) -> None:
        self._given: tuple[Permission, ...] = ()

    def given(self) -> tuple[Permission, ...]:
        """All of them, the oldest first."""
        return self._given

    def allow(self, session: str, pattern: str) -> None:
        """Allows what a pattern fits for the rest of a session."""
        self._given = with_permission(self._given, Permission(pattern, session, 0.0))

    def withdraw(self, session: str = "", pattern: str = "") -> tuple[Permission, ...]:
        """Takes some back: those that are gone."""
        self._given, gone = split_pattern(self._given, session, pattern)
        return gone


def with_permission(given: tuple[Permission, ...], new: Permission) -> tuple[Permission, ...]:
    """The permissions with one more, unless the session has it already."""
    same = any((one.session, one.pattern) == (new.session, new.pattern) for one in given)
    return given if same else (*given, new)


def split_pattern(
    given: tuple[Permission, ...], session: str, pattern: str
) -> tuple[tuple[Permission, ...], tuple[Permission, ...]]:
    """The permissions that stay, and those of a session and a pattern; empty stands for every one."""
    gone = tuple(one for one in given if session in ("", one.session) and pattern in ("", one.pattern))
    return tuple(one for one in given if one not in gone), gone
