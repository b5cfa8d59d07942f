"""One meaning of globs: what they fit, whoever asks."""

from __future__ import annotations

from glob import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.globs import file_matches, path_matches, text_matches

WHOLE = [
    ("a.py", "a.py", True),
    ("a.py", "A.py", False),
    ("a.py", "*.py", True),
    ("src/a.py", "*.py", False),
    ("src/a.py", "src", False),
    ("src/a.py", "src/*", True),
    ("src/x/a.py", "src/*", False),
    ("src/x/a.py", "src/**", True),
    ("src", "src/**", False),
    ("src/a.py", "**/a.py", True),
    ("a.py", "**/a.py", True),
    ("ba.py", "**/a.py", False),
    ("src/x/y/a.py", "src/**/a.py", True),
    ("src/a.py", "src/**/a.py", True),
    ("src/ab.py", "src/?b.py", True),
    ("src/b.py", "src/?b.py", False),
    ("a/b", "a?b", False),
    (".env", "*", True),
    ("[id].ts", "[id].ts", True),
    ("i.ts", "[id].ts", False),
    ("{a,b}.py", "{a,b}.py", True),
    ("a.py", "{a,b}.py", False),
    ("a.py", "!b.py", False),
    ("a*b", "a[*]b", True),
    ("axb", "a[*]b", False),
    ("a\nb", "a*", True),
    ("a+b (1).py", "a+b (1).py", True),
    ("/etc/hosts", "/etc/*", True),
    ("/etc/hosts", "**", False),
    ("etc/hosts", "/etc/*", False),
    ("a.py", "", False),
]


@pytest.mark.parametrize(("path", "glob", "expected"), WHOLE)
def test_a_glob_fits_a_whole_path(path: str, glob: str, expected: bool) -> None:
    assert path_matches(path, glob) == expected


BELOW = [
    ("src/a.py", "*.py", True),
    ("src/a.py", "src/*.py", True),
    ("src/x/a.py", "src/*.py", False),
    ("src/x/a.py", "src/**/*.py", True),
    ("src/x/a.py", "/src/**", True),
    ("src/x/a.py", "./src/**", True),
    ("src/x/a.py", "src/", True),
    ("src/x/a.py", "src/x", False),
    ("a.py", "src/**", False),
    ("app/[id]/page.tsx", "[id]", False),
    ("app/[id]/page.tsx", "app/[id]/*.tsx", True),
    ("a.py", "", True),
]


@pytest.mark.parametrize(("path", "glob", "expected"), BELOW)
def test_a_glob_is_of_a_name_or_of_a_path(path: str, glob: str, expected: bool) -> None:
    assert file_matches(path, glob) == expected


TEXTS = [
    ("sk_test_a/b+c", "sk_test_*", True),
    ("sk_live_a", "sk_test_*", False),
    ("sk_test_a", "sk_test", False),
    ("a\nb", "a*", True),
    ("ab", "a?", False),
    ("a?", "a?", True),
    ("ab", "[a]b", False),
    ("anything", "*", True),
]


@pytest.mark.parametrize(("text", "pattern", "expected"), TEXTS)
def test_in_a_text_a_star_alone_is_special(text: str, pattern: str, expected: bool) -> None:
    assert text_matches(text, pattern) == expected


PATHS = st.lists(st.text("ab*?[].{}! \\", min_size=1, max_size=4), min_size=1, max_size=4).map("/".join)


@given(PATHS, PATHS)
def test_an_escaped_path_fits_itself_alone(path: str, other: str) -> None:
    assert path_matches(path, escape(path))
    assert path_matches(other, escape(path)) == (other == path)
    assert path_matches(f"{path}/{other}", f"{escape(path)}/**")
    assert not path_matches(f"/{path}", "**")
