"""Conversations that are kept as a tree: a user who goes back to an earlier message leaves a branch behind."""

from collections.abc import Iterable

import attrs


@attrs.frozen
class TreeEntry:
    """One entry of a recorded tree."""

    id: str
    """Its id, which no earlier entry has."""
    parent: str
    """The id of the entry that it follows, "" for a first one."""
    begins: bool
    """Whether it is the user's own: only such an entry begins a branch, for the results of calls that ran side by side
    part the tree as well."""


def left_behind(entries: Iterable[TreeEntry], leaf: str) -> frozenset[str]:
    """The ids of the entries on branches that the user left: they hang on the way from `leaf` to its root, lead to
    something of the user's, and the leaf does not follow them. None where the leaf is no entry.
    """
    known: dict[str, TreeEntry] = {}
    for entry in entries:
        known.setdefault(entry.id, entry)
    live = _way(known, leaf)
    tops: dict[str, str] = {}
    for name in known:
        passed: list[str] = []
        at = name
        while at in known and at not in live and at not in tops:
            # Marked before its branch is known, so that a ring of entries ends.
            tops[at] = ""
            passed.append(at)
            at = known[at].parent
        top = passed[-1] if passed and at in live else tops.get(at, "")
        tops.update(dict.fromkeys(passed, top))
    begun = {tops[name] for name, entry in known.items() if entry.begins and tops.get(name)}
    return frozenset(name for name, top in tops.items() if top in begun)


def _way(known: dict[str, TreeEntry], leaf: str) -> frozenset[str]:
    """The ids from `leaf` to its root; a parent that the file does not hold is the last."""
    live: set[str] = set()
    name = leaf
    while name in known and name not in live:
        live.add(name)
        name = known[name].parent
    return frozenset(live | {name} if live and name else live)
