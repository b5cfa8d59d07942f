"""A shelf of seeds, and who may borrow from it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Generic, Protocol, TypeVar, overload

LIMIT = 12
NAMES: dict[str, int] = {"bean": 1, "pea": 2}
T = TypeVar("T")
type_of = type


class OutError(KeyError):
    """Nothing is left."""


@dataclass(frozen=True)
class Packet:
    """A packet of seeds."""

    name: str
    grains: int = LIMIT
    notes: tuple[str, ...] = ()


class Reader(Protocol):
    """Reads something."""

    def read(self, size: int = -1, /) -> bytes: ...


class Shelf(Generic[T], dict[str, T]):
    """Keeps packets by name.

    More lines say more.
    """

    kind = "wooden"
    _count: int = 0

    def __init__(self, root: str, *rest: T, keep: Callable[[T], bool] = bool, **more: object) -> None:
        super().__init__()
        self.root = root
        self._more = more
        for one in rest:
            if keep(one):
                self._count += 1

    @property
    def size(self) -> int:
        """How many there are."""
        return self._count

    @size.setter
    def size(self, value: int) -> None:
        self._count = value

    @cached_property
    def where(self) -> str:
        return f"{self.root}/{self.kind}"

    @classmethod
    def opened(cls, path: str) -> Shelf[T]:
        """Opens a shelf that a file describes."""
        with Path(path).open(encoding="utf-8") as file:
            return cls(json.load(file)["root"])

    @staticmethod
    def plain(name: str, *, upper: bool = False) -> str:
        return name.upper() if upper else name

    @overload
    def take(self, name: str) -> T: ...
    @overload
    def take(self, name: str, default: T) -> T: ...
    def take(self, name: str, default: T | None = None) -> T | None:
        """Takes a packet out. Raises OutError where there is none."""
        if name not in self:
            if default is None:
                raise OutError(name)
            return default
        self._count -= 1
        return self.pop(name)

    async def each(self, into: list[T]) -> AsyncIterator[T]:
        """Gives every packet, and notes it."""
        for one in self.values():
            into.append(one)
            yield one

    class Label:
        """What stands on it."""

        def __init__(self, text: str) -> None:
            self.text = text


def count(packets: Iterable[Packet], by: Callable[[Packet], int] = lambda one: one.grains) -> int:
    """Counts grains."""

    def inner(one: Packet) -> int:
        return by(one)

    return sum(map(inner, packets))


if LIMIT > 10:

    def generous() -> bool:
        return True

else:

    def generous() -> bool:
        return False
