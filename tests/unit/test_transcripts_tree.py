"""Trees of messages: which entries are left behind when a user goes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.transcripts.tree import TreeEntry, left_behind


def tree(drawn: str) -> list[TreeEntry]:
    """Entries written as "child<parent"; a capital letter is the user's own."""
    pairs = [one.partition("<") for one in drawn.split()]
    return [TreeEntry(name, parent, begins=name.isupper()) for name, _, parent in pairs]


@pytest.mark.parametrize(
    ("drawn", "leaf", "left"),
    [
        ("A b<A C<b d<C", "d", ""),
        ("A b<A C<b d<C E<b f<E", "f", "Cd"),
        ("A b<A C<b d<C E<b f<E", "d", "Ef"),
        ("A b<A C<b D<C e<D F<b G<A h<G", "h", "bCDeF"),
        # Calls that run side by side part the tree, and nobody went back.
        ("A b<A c<b r<b s<c D<s", "D", ""),
        ("A b<A x<b y<x", "b", ""),
        # What hangs on nothing that is known stands for itself.
        ("A b<A C<z d<C", "d", ""),
        ("A<z b<A C<z d<C", "d", "Ab"),
        ("A b<A", "z", ""),
        ("A<A B<A", "B", ""),
        ("A<b b<A C<b", "C", ""),
        ("A b<A b<C C<b", "C", ""),
    ],
)
def test_the_branches_that_the_user_left_are_these(drawn: str, leaf: str, left: str) -> None:
    assert left_behind(tree(drawn), leaf) == frozenset(left)


NAMES = st.sampled_from("abcdefgh")
ENTRIES = st.lists(st.builds(TreeEntry, NAMES, NAMES | st.just(""), st.booleans()), max_size=12)


@given(ENTRIES, NAMES)
def test_whatever_a_tree_looks_like_the_way_to_the_leaf_is_kept(entries: list[TreeEntry], leaf: str) -> None:
    parents: dict[str, str] = {}
    for entry in entries:
        parents.setdefault(entry.id, entry.parent)
    left = left_behind(entries, leaf)
    assert left <= parents.keys()
    passed: set[str] = set()
    while leaf in parents and leaf not in passed:
        passed.add(leaf)
        leaf = parents[leaf]
    assert not left & passed
