"""Finding files and lines: by ripgrep and by the plain search the same, ignore files respected by both."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from throughline.domain.ports import ActError, ResolvedPath, SearchQuery
from throughline.workspace.search import LocalFileSearch

RIPGREP = shutil.which("rg")
PROGRAMS = ["", pytest.param(RIPGREP or "", marks=pytest.mark.skipif(not RIPGREP, reason="there is no ripgrep here"))]
FILES = {
    ".gitignore": "*.log\n/top.txt\nbuild/\n!keep.log\n",
    ".ignore": "private/\n",
    "a.py": "needle = 1\n",
    "top.txt": "needle\n",
    "keep.log": "needle in a log\n",
    "drop.log": "needle\n",
    "build/x.py": "needle\n",
    "private/x.py": "needle\n",
    "src/.gitignore": "!special.log\nb.py\n",
    "src/b.py": "needle\n",
    "src/top.txt": "no NEEDLE\nneedle at last\n",
    "src/special.log": "needle\n",
    ".git/config": "needle\n",
    ".github/ci.yml": "needle: true\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "binary.dat").write_bytes(b"needle\0needle\n")
    (tmp_path / "wide.txt").write_bytes("no needle of it \u00fc\n".encode("latin-1"))
    (tmp_path / "loop").symlink_to(tmp_path)
    return tmp_path


SEARCHES: list[tuple[SearchQuery, Sequence[str]]] = [
    (
        SearchQuery("needle", ResolvedPath(".")),
        [
            ".github/ci.yml:1:needle: true", "a.py:1:needle = 1", "keep.log:1:needle in a log",
            "src/special.log:1:needle", "src/top.txt:2:needle at last", "wide.txt:1:no needle of it \ufffd",
        ],
    ),
    (SearchQuery("NEEDLE", ResolvedPath("src")), ["src/top.txt:1:no NEEDLE"]),
    (
        SearchQuery("needle", ResolvedPath("src"), fold=True, glob="*.txt"),
        ["src/top.txt:1:no NEEDLE", "src/top.txt:2:needle at last"],
    ),
    (
        SearchQuery("needle", ResolvedPath("."), glob="*.log"),
        ["keep.log:1:needle in a log", "src/special.log:1:needle"],
    ),
    (
        SearchQuery("needle", ResolvedPath("."), glob="src/*"),
        ["src/special.log:1:needle", "src/top.txt:2:needle at last"],
    ),
    (SearchQuery("needle", ResolvedPath("src"), glob="src/**/t*.txt"), ["src/top.txt:2:needle at last"]),
    (SearchQuery("needle", ResolvedPath("."), glob="[ak]*"), []),
    (SearchQuery("needle", ResolvedPath("."), glob="!*.py"), []),
    (SearchQuery("needle", ResolvedPath("a.py"), glob="*.txt"), ["a.py:1:needle = 1"]),
    (SearchQuery(r"^needle\b.*\d$", ResolvedPath(".")), ["a.py:1:needle = 1"]),
    (SearchQuery("needle", ResolvedPath("a.py")), ["a.py:1:needle = 1"]),
    (SearchQuery("-needle", ResolvedPath(".")), []),
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(("sought", "expected"), SEARCHES)
async def test_lines_are_found_the_same_way(
    root: Path, program: str, sought: SearchQuery, expected: Sequence[str]
) -> None:
    hits = await LocalFileSearch(root, program).search(sought, 100)
    assert (hits.lines, hits.more) == (tuple(expected), False)


@pytest.mark.parametrize("program", PROGRAMS)
async def test_no_more_lines_than_asked_for_are_given_and_that_there_are_more_is_said(root: Path, program: str) -> None:
    hits = await LocalFileSearch(root, program).search(SearchQuery("needle", ResolvedPath(".")), 2)
    assert (len(hits.lines), hits.more) == (2, True)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "[z-a]"])
async def test_what_is_no_pattern_is_refused(root: Path, program: str, pattern: str) -> None:
    with pytest.raises(ActError, match="The search failed"):
        await LocalFileSearch(root, program).search(SearchQuery(pattern, ResolvedPath(".")), 9)


async def test_a_pattern_that_takes_for_ever_is_given_up(root: Path) -> None:
    (root / "a.txt").write_text("a" * 60 + "\n")
    finder = LocalFileSearch(root, "", limit=0.5)
    with pytest.raises(ActError, match="took longer than"):
        await finder.search(SearchQuery("(a+)+$b", ResolvedPath("a.txt")), 9)


async def test_files_are_listed_in_order_and_counted(root: Path) -> None:
    names, total = await LocalFileSearch(root).files(ResolvedPath("."), "", 3)
    assert (names, total) == ((".github/ci.yml", ".gitignore", ".ignore"), 11)


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_link_that_leads_out_shows_nothing_of_where_it_leads(tmp_path: Path, program: str) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("needle outside\n")
    (root / "notes.txt").symlink_to("../secret.txt")
    (root / "sub" / "far.txt").symlink_to(root / "notes.txt")
    (root / "here.txt").write_text("needle here\n")
    for under in (".", "sub"):
        hits = await LocalFileSearch(root, program).search(SearchQuery("needle", ResolvedPath(under)), 100)
        assert [line for line in hits.lines if "outside" in line] == []
        assert ("here.txt:1:needle here" in hits.lines) == (under == ".")


AROUND: list[tuple[str, str, int, Sequence[str]]] = [
    ("one line around each", "hit", 1, ["a.py-2-two", "a.py:3:hit", "a.py-4-four", "--", "a.py-7-seven", "a.py:8:hit"]),
    ("what meets is one", "hit", 2, ["a.py-1-one", "a.py-2-two", "a.py:3:hit", "a.py-4-four", "a.py-5-five",
                                     "a.py-6-six", "a.py-7-seven", "a.py:8:hit"]),
    ("at the beginning", "one", 1, ["a.py:1:one", "a.py-2-two", "--", "b.py:1:one more", "b.py-2-end"]),
    ("side by side", "three|four|hit", 1, ["a.py-2-two", "a.py:3:hit", "a.py:4:four", "a.py-5-five", "--",
                                            "a.py-7-seven", "a.py:8:hit"]),
    ("none", "hit", 0, ["a.py:3:hit", "a.py:8:hit"]),
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda name: "ripgrep" if name else "plain")
@pytest.mark.parametrize(("name", "pattern", "around", "lines"), AROUND, ids=[row[0] for row in AROUND])
async def test_lines_around_a_match_are_shown(
    tmp_path: Path, program: str, name: str, pattern: str, around: int, lines: Sequence[str]
) -> None:
    (tmp_path / "a.py").write_text("one\ntwo\nhit\nfour\nfive\nsix\nseven\nhit\n")
    (tmp_path / "b.py").write_text("one more\nend\n")
    sought = SearchQuery(pattern, ResolvedPath("."), context=around)
    assert list((await LocalFileSearch(tmp_path, program).search(sought, 50)).lines) == lines, name


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda name: "ripgrep" if name else "plain")
async def test_a_search_for_names_gives_each_file_once(root: Path, program: str) -> None:
    sought = SearchQuery("needle", ResolvedPath("src"), fold=True, names=True)
    found = await LocalFileSearch(root, program).search(sought, 9)
    assert found.lines == ("src/special.log", "src/top.txt")
    assert (await LocalFileSearch(root, program).search(sought, 1)).more
