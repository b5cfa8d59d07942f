"""An archive change, merged into the archive as it is by then: what a person did to it since stands."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.ledger import Entry, Ledger
from throughline.domain.session import Session
from throughline.memory.archive.distill import distill, distilled_diff
from throughline.memory.archive.document import (
    ARCHIVE_SECTIONS,
    ArchiveEntry,
    ProjectArchive,
    archive_markdown,
    parse_archive,
)
from throughline.memory.archive.merge import PATH, ArchiveDiff, ConflictError, merge_archive
from unit.event_logs import count, entry

TITLES = [title for title, _ in ARCHIVE_SECTIONS]
BASE = {"Constraints": ["- by hand", "one <!-- 00000001 -->"], "Known Issues": ["leak <!-- 00000002 -->"]}
MORE = {"Constraints": [*BASE["Constraints"], "two <!-- 00000003 -->"], "Known Issues": []}


def archive(lines: dict[str, list[str]], title: str = "## Project Archive: toolshed") -> str:
    sections = (
        f"### {name}\n" + "".join(f"- {one}\n" if "<!--" in one else f"{one}\n" for one in lines.get(name, []))
        for name in dict.fromkeys((*TITLES, *lines))
    )
    return f"{title}\n\n" + "\n".join(sections)


def lines(text: str) -> dict[str, list[str]]:
    return {
        title: [f"{one.text} <!-- {one.id} -->" if one.id else one.text for one in some]
        for title, some in parse_archive(text, "toolshed").sections.items()
        if some
    }


NOW: list[tuple[str, dict[str, list[str]], dict[str, list[str]]]] = [
    ("as it was", BASE, MORE),
    ("a person worded a line anew", BASE | {"Constraints": ["- by hand", "ONE <!-- 00000001 -->"]},
     MORE | {"Constraints": ["- by hand", "ONE <!-- 00000001 -->", "two <!-- 00000003 -->"]}),
    ("a person took a line out", BASE | {"Constraints": ["- by hand"]},
     MORE | {"Constraints": ["- by hand", "two <!-- 00000003 -->"]}),
    ("a person worded anew what the change takes out", BASE | {"Known Issues": ["Leak! <!-- 00000002 -->"]},
     MORE | {"Known Issues": ["Leak! <!-- 00000002 -->"]}),
    ("a person moved a line", {"Constraints": ["- by hand"], "Glossary": ["one <!-- 00000001 -->"]},
     {"Constraints": ["- by hand", "two <!-- 00000003 -->"], "Glossary": ["one <!-- 00000001 -->"]}),
    ("another session added to it", BASE | {"Known Issues": [*BASE["Known Issues"], "new <!-- 00000004 -->"]},
     MORE | {"Known Issues": ["new <!-- 00000004 -->"]}),
    ("a person wrote below", BASE | {"Constraints": [*BASE["Constraints"], "mine", "  - deep"]},
     MORE | {"Constraints": [*BASE["Constraints"], "two <!-- 00000003 -->", "mine", "  - deep"]}),
    ("accepted already", MORE, MORE),
    ("emptied", {}, {"Constraints": ["two <!-- 00000003 -->"]}),
]  # fmt: skip


@pytest.mark.parametrize(("case", "now", "expected"), NOW, ids=[row[0] for row in NOW])
def test_what_was_done_to_the_archive_since_stands(
    case: str, now: dict[str, list[str]], expected: dict[str, list[str]]
) -> None:
    made = merge_archive(ArchiveDiff(archive(BASE), archive(MORE)), archive(now), "toolshed")
    assert lines(made) == {title: some for title, some in expected.items() if some}
    assert merge_archive(ArchiveDiff(archive(BASE), archive(MORE)), made, "toolshed") == made


def test_a_title_that_a_person_gave_it_stays_and_a_rewording_is_taken() -> None:
    reworded = archive(BASE | {"Constraints": ["- by hand", "uno <!-- 00000001 -->"]})
    now = archive(BASE | {"Glossary": ["word"]}, "## Our shed")
    made = merge_archive(ArchiveDiff(archive(BASE), reworded), now, "toolshed")
    assert made.startswith("## Our shed\n")
    assert lines(made)["Constraints"] == ["- by hand", "uno <!-- 00000001 -->"]


@pytest.mark.parametrize("place", ["now", "the change"])
def test_an_unsettled_merge_is_refused(place: str) -> None:
    torn = archive(BASE).replace("- one", "<<<<<<< HEAD\n- one")
    change = ArchiveDiff(archive(BASE), torn if place != "now" else archive(MORE))
    with pytest.raises(ConflictError, match="has conflict markers: settle that merge, then try again"):
        merge_archive(change, torn if place == "now" else archive(BASE), "toolshed")
    with pytest.raises(ConflictError):
        distilled_diff(Session(id="s", project="toolshed"), torn, 2_000, count)


@pytest.mark.parametrize("base", ["", archive(BASE), archive(BASE).rstrip("\n")])
def test_the_difference_is_a_patch_that_git_takes(tmp_path: Path, base: str) -> None:
    change = ArchiveDiff(base, archive(MORE))
    path = tmp_path / PATH
    path.parent.mkdir()
    path.write_text(base)
    assert change.difference.startswith(f"--- a/{PATH}\n+++ b/{PATH}\n@@ ")
    assert "\n+- two <!-- 00000003 -->\n" in change.difference
    subprocess.run(["git", "apply"], cwd=tmp_path, input=change.difference, text=True, check=True)
    assert path.read_text() == change.text
    assert ArchiveDiff(base, base).difference == ""


def holding(*entries: Entry, written: str = "") -> Session:
    return Session(id="s", project="toolshed", ledger=Ledger({one.id: one for one in entries}), archive=written)


def test_what_a_person_changed_of_what_this_session_wrote_is_not_written_anew() -> None:
    first = distilled_diff(holding(entry("a", "one"), entry("b", "two"), entry("c", "three")), "", 2_000, count)
    hand = first.replace("- one ", "- ONE, as I say ").replace(next(x for x in first.splitlines() if "two" in x), "")
    again = holding(entry("a", "one"), entry("b", "two"), entry("c", "three"), entry("d", "four"), written=first)
    made = distilled_diff(again, hand, 2_000, count)
    assert [one.partition(" <!--")[0] for one in lines(made)["Architectural Decisions"]] == [
        "ONE, as I say", "three", "four"
    ]  # fmt: skip
    retired = holding(entry("a", "one", state="revised"), written=first)
    assert "ONE, as I say" in distilled_diff(retired, hand, 2_000, count)


_texts = st.sampled_from(("one", "two", "three words here", "- mine", "| a | table |"))
_lines = st.lists(
    st.one_of(
        st.builds(ArchiveEntry, _texts, st.sampled_from(("00000001", "00000002", "00000003", "00000004"))),
        st.builds(ArchiveEntry, st.sampled_from(("- mine", "| a | table |", "prose"))),
    ),
    max_size=5,
    unique_by=lambda one: one.id or one.text,
)


@st.composite
def _archives(draw: st.DrawFn) -> str:
    sections: dict[str, tuple[ArchiveEntry, ...]] = dict.fromkeys(TITLES, ())
    for one in draw(_lines):
        title = draw(st.sampled_from(("Constraints", "Known Issues", "Do Not Revisit")))
        sections[title] = (*sections[title], one)
    return archive_markdown(ProjectArchive("## Project Archive: toolshed", sections))


def known(text: str) -> dict[str, ArchiveEntry]:
    return {one.id or one.text: one for some in parse_archive(text, "").sections.values() for one in some}


@given(_archives(), _archives(), _archives())
def test_no_line_is_lost_that_nobody_took_out_and_none_comes_that_nobody_wrote(
    base: str, proposal: str, now: str
) -> None:
    made = known(merge_archive(ArchiveDiff(base, proposal), now, "toolshed"))
    was, will, there = known(base), known(proposal), known(now)
    for name in was.keys() | will.keys() | there.keys():
        hand = was.get(name) != there.get(name)
        assert made.get(name) == (there if hand else will).get(name)


@given(_archives(), _archives())
def test_without_a_persons_hand_the_change_is_what_was_proposed(base: str, proposal: str) -> None:
    assert merge_archive(ArchiveDiff(base, proposal), base, "toolshed") == proposal
    assert merge_archive(ArchiveDiff(base, base), proposal, "toolshed") == proposal


def test_what_is_open_is_carried_from_session_to_session() -> None:
    first = distill(holding(entry("q", "Lapse when?", "question", owner="user")), "", 2_000, count)
    later = distilled_diff(evolve(holding(entry("a", "one")), id="t"), first, 2_000, count)
    assert "- Open question: Lapse when? [user] <!--" in later
