"""Files that are mentioned by a part of their path."""

from __future__ import annotations

import pytest

from throughline.chat_state.panels import MOST, fitting_paths, is_mention

PATHS = ("src/app.py", "src/store/app_store.py", "docs/map.md", "application/readme.md", "src/snap.py")

TYPED = [
    ("nothing yet: the shortest first", "", ["src/app.py", "docs/map.md", "src/snap.py", "application/readme.md"]),
    ("the start of a name before its middle", "ap", ["src/app.py", "src/store/app_store.py", "docs/map.md"]),
    ("a name before a folder", "app", ["src/app.py", "src/store/app_store.py", "application/readme.md"]),
    ("a piece of the path", "store/a", ["src/store/app_store.py"]),
    ("letters in their order", "sapy", ["src/app.py", "src/snap.py"]),
    ("no matter the case", "README", ["application/readme.md"]),
    ("what is nowhere", "xyz", []),
]


@pytest.mark.parametrize(("name", "typed", "first"), TYPED, ids=[name for name, *_ in TYPED])
def test_the_files_that_fit_come_the_best_first(name: str, typed: str, first: list[str]) -> None:
    assert fitting_paths(PATHS, typed)[: len(first)] == first
    assert first or not fitting_paths(PATHS, typed)


def test_a_list_is_never_long() -> None:
    assert len(fitting_paths((f"f{n}" for n in range(10 * MOST)), "f")) == MOST


@pytest.mark.parametrize(("word", "file"), [("a/b", True), ("README.md", True), ("dataclass", False)])
def test_a_word_after_an_at_sign_is_a_file_where_it_looks_like_a_path(word: str, file: bool) -> None:
    assert is_mention(word) == file
