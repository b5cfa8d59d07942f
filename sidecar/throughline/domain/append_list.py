"""A persistent list: a value that grows at its end in constant time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, TypeVar, overload

T = TypeVar("T")


class PersistentList(Sequence[T]):
    """Like a tuple, but `plus` and `with_last` take the same time whatever the length.

    All but the last element stand in a list that a series shares with those that grew from it; each reads only as many
    of them as it has. Where two grow from one, the second copies.
    """

    __slots__ = ("_before", "_last", "_shared")

    def __init__(self, elements: Iterable[T] = ()) -> None:
        self._shared: list[T] = list(elements)
        self._last: tuple[T, ...] = (self._shared.pop(),) if self._shared else ()
        self._before = len(self._shared)

    def append(self, element: T) -> PersistentList[T]:
        """The series with one more element."""
        if not self._last:
            return PersistentList((element,))
        shared = self._shared
        if len(shared) == self._before:
            shared.append(self._last[0])
        # Whoever grew from here first has this place; that it is looked at afterwards holds for threads, too.
        if shared[self._before] is not self._last[0]:
            shared = list(self)
        return _made(shared, self._before + 1, (element,))

    def with_last(self, element: T) -> PersistentList[T]:
        """The series with another last element. Raises IndexError where it is empty."""
        if not self._last:
            raise IndexError("an empty series has no last element")
        return _made(self._shared, self._before, (element,))

    def grew_from(self, other: PersistentList[T]) -> bool:
        """True where this begins with all of `other`, told without a look at each; False may only mean not known."""
        size = len(other)
        return self.begins_like(other, size - 1) and (not size or (size <= len(self) and self[size - 1] is other[-1]))

    def begins_like(self, other: PersistentList[T], length: int) -> bool:
        """True where so many first elements are those of `other`, told without a look at each, like `grew_from`."""
        return self._shared is other._shared and length <= min(self._before, other._before)

    def since(self, place: int) -> tuple[T, ...]:
        """The elements from a place on."""
        return (*self._shared[min(place, self._before) : self._before], *self._last[max(0, place - self._before) :])

    def __len__(self) -> int:
        return self._before + len(self._last)

    def __iter__(self) -> Iterator[T]:
        return chain(islice(self._shared, self._before), self._last)

    def __reversed__(self) -> Iterator[T]:
        yield from self._last
        for place in range(self._before - 1, -1, -1):
            yield self._shared[place]

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            return self.since(start)[: max(0, stop - start)] if step == 1 else tuple(self)[place]
        place = place + len(self) if place < 0 else place
        if not 0 <= place < len(self):
            raise IndexError("there is no such place in the series")
        return self._shared[place] if place < self._before else self._last[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PersistentList):
            return NotImplemented
        if self._shared is other._shared and self._before == other._before:
            return self._last == other._last
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Series({list(self)!r})"


def _made(shared: list[Any], before: int, last: tuple[Any, ...]) -> PersistentList[Any]:
    made: PersistentList[Any] = PersistentList()
    made._shared, made._before, made._last = shared, before, last  # noqa: SLF001 - its own class
    return made
