"""Two branches that both distil a session merge with git, and neither side's lines are lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from throughline.domain.ledger import EntryKind, Ledger
from throughline.domain.session import Session
from throughline.memory.archive.distill import distill
from throughline.memory.archive.document import parse_archive
from throughline.memory.archive.merge import ConflictError, without_conflicts
from throughline.storage.archive_file import ArchiveOnDisk
from throughline.storage.event_store import SqliteEventStore
from unit.event_logs import count, entry

KINDS: tuple[EntryKind, ...] = (
    "rule", "decision", "milestone", "state", "issue", "question", "constraint", "rejected", "fact",
)  # fmt: skip


def git(folder: Path, *words: str) -> int:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *who, *words], cwd=folder, check=False, capture_output=True).returncode


def session(name: str, *kinds: EntryKind) -> Session:
    """A session with an entry of each of these kinds."""
    made = [entry(f"{kind}{n}", f"{name} {kind} {n}", kind) for n, kind in enumerate(kinds)]
    return Session(id=name, project="toolshed", ledger=Ledger({one.id: one for one in made}))


def sections(text: str) -> dict[str, str]:
    """Where each line of an archive stands."""
    return {one.text: title for title, some in parse_archive(text, "toolshed").sections.items() for one in some}


def end(project: Path, made: Session) -> str:
    """Distils a session into the project's archive and commits it: the archive."""
    SqliteEventStore(project / ".agent" / "throughline.db").close()
    kept = ArchiveOnDisk(project / ".agent")
    kept.write(distill(made, kept.read(), 4_000, count))
    assert git(project, "add", "-A") == 0
    assert git(project, "commit", "-qm", made.id) == 0
    return kept.read()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    assert git(tmp_path, "init", "-q") == 0
    assert git(tmp_path, "commit", "-qm", "begin", "--allow-empty") == 0
    return tmp_path


SIDES: list[tuple[str, tuple[EntryKind, ...] | None, tuple[EntryKind, ...], tuple[EntryKind, ...]]] = [
    ("every section on both", KINDS, KINDS, KINDS),
    ("every section, no archive before", None, KINDS, KINDS),
    ("neighbours in an empty archive", (), ("decision",), ("milestone", "state")),
    ("neighbours in a full one", KINDS, ("decision", "issue"), ("milestone", "constraint", "constraint")),
    ("the first and the last section", (), ("decision", "rejected"), ("rejected", "rejected")),
]


@pytest.mark.parametrize(("case", "old", "mine", "theirs"), SIDES, ids=[row[0] for row in SIDES])
def test_both_sides_lines_are_there_each_under_its_heading(
    project: Path,
    case: str,
    old: tuple[EntryKind, ...] | None,
    mine: tuple[EntryKind, ...],
    theirs: tuple[EntryKind, ...],
) -> None:
    if old is not None:
        end(project, session("old", *old))
    assert git(project, "branch", "other") == 0
    ours = end(project, session("mine", *mine))
    assert git(project, "checkout", "-q", "other") == 0
    others = end(project, session("theirs", *theirs))
    assert git(project, "merge", "-q", "main", "-m", "merge") == 0
    text = without_conflicts(ArchiveOnDisk(project / ".agent").read())
    assert sections(text) == sections(ours) | sections(others)
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert len(headings) == len(set(headings)) == 11
    later = distill(session("later", *KINDS), text, 4_000, count)
    kept = {line for line in text.splitlines() if " state " not in line}
    assert kept <= set(later.splitlines())
    assert sum(" state " in line for line in later.splitlines()) == 1


def test_only_what_is_shared_goes_into_version_control(project: Path) -> None:
    end(project, session("old"))
    listed = subprocess.run(["git", "ls-files"], cwd=project, check=True, capture_output=True, text=True).stdout
    assert listed.split() == [".agent/.gitattributes", ".agent/.gitignore", ".agent/project-context.md"]


def test_without_the_attribute_git_leaves_markers_that_are_refused(project: Path) -> None:
    end(project, session("old", *KINDS))
    (project / ".agent" / ".gitattributes").write_text("# a person's own\n")
    assert git(project, "commit", "-qam", "own") == 0
    assert git(project, "branch", "other") == 0
    end(project, session("mine", *KINDS))
    assert (project / ".agent" / ".gitattributes").read_text() == "# a person's own\n"
    assert git(project, "checkout", "-q", "other") == 0
    end(project, session("theirs", *KINDS))
    assert git(project, "merge", "-q", "main") == 1
    with pytest.raises(ConflictError, match=r"project-context\.md has conflict markers: settle that merge"):
        without_conflicts(ArchiveOnDisk(project / ".agent").read())
