"""The commands on files and changes, each in a process of its own, on real folders and repositories."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from integration.test_commands import run
from throughline.domain.events import Event, FileInjected, FileSeen, Logged, SessionStarted
from throughline.domain.file_knowledge import digest
from throughline.storage.event_store import NAME, SqliteEventStore
from unit.repositories import Repository

TOOL = """    def tool_{n}(self, size: int = {n}) -> str:
        label = os.sep + str(size)
{body}        return label * {n}

"""
BODY = "        label = label.replace('a', 'b').replace('c', 'd')\n" * 8
CODE = "import os\n\n\nclass Shed:\n" + "".join(TOOL.format(n=n, body=BODY) for n in range(20))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "shed")
    made.write("a b/shed.py", CODE)
    made.write("notes.txt", "one\n")
    made.write(".gitignore", "*.log\n")
    made.write("big.log", CODE)
    made.commit()
    return made


def test_skeletons_of_files_and_folders_are_printed(repository: Repository) -> None:
    one = run("skeleton", repository.root / "a b" / "shed.py")
    assert one.returncode == 0, one.stderr
    assert "def tool_3(self, size: int = 3) -> str: ..." in one.stdout
    assert "label * 3" not in one.stdout
    rows = json.loads(run("skeleton", repository.root, "--json").stdout)
    assert [Path(row["path"]).name for row in rows] == [".gitignore", "shed.py", "notes.txt"]
    (row,) = [row for row in rows if row["form"] == "skeleton"]
    assert row["tokens"] < row["original_tokens"]
    (bare,) = json.loads(run("skeleton", repository.root / "a b", "--detail", "0", "--json").stdout)
    assert bare["tokens"] < row["tokens"]
    (fitted,) = json.loads(run("skeleton", repository.root / "a b", "--budget", "400", "--json").stdout)
    assert bare["tokens"] <= fitted["tokens"] <= 400
    assert "# 5-15" in run("skeleton", repository.root / "a b", "--lines").stdout
    assert not (repository.root / ".agent").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.py", None, "does not exist"),
        ("binary.py", b"\0\1\2\3", "is no text"),
        ("latin.py", "a = 'ü'\n".encode("latin-1"), "is no text"),
        ("huge.py", b"x" * 20_000_001, "is no text"),
    ],
)
def test_what_has_no_skeleton_is_one_clear_line(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.py").write_text("x = 1\n")
    done = run("skeleton", tmp_path / name, tmp_path / "good.py")
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "x = 1" in done.stdout


def test_odd_texts_are_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "utf16.py").write_bytes(CODE.encode("utf-16"))
    (tmp_path / "windows.py").write_bytes(CODE.replace("\n", "\r\n").encode())
    (tmp_path / "words.zig").write_text("fn main() void {\n    print();\n}\n" * 60)
    (tmp_path / "one_line.js").write_text("var a=1;" * 100_000)
    (tmp_path / "deep.py").write_text("(" * 10_000)
    (tmp_path / "empty.py").write_text("")
    done = run("skeleton", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    forms = {Path(row["path"]).name: row["form"] for row in json.loads(done.stdout)}
    assert forms.keys() == {path.name for path in tmp_path.iterdir()}
    assert (forms["utf16.py"], forms["windows.py"], forms["words.zig"]) == ("skeleton", "skeleton", "plain")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_in_a_loop_end(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "up").symlink_to("..")
    (tmp_path / "folder" / "a.py").write_text("x = 1\n")
    done = run("skeleton", tmp_path, "--json")
    assert [Path(row["path"]).name for row in json.loads(done.stdout)] == ["a.py"]
    assert run("skeleton", tmp_path / "loop").returncode == 2


def test_changes_are_said_file_by_file(repository: Repository) -> None:
    assert run("changes", "--project", repository.root).stdout == "Nothing changed.\n"
    repository.write("a b/shed.py", CODE.replace("tool_3(self, size: int = 3)", "tool_3(self, size: int, name: str)"))
    repository.write("new.txt", "x\n")
    done = run("changes", "--project", repository.root)
    assert done.returncode == 0, done.stderr
    first, interface, new = done.stdout.splitlines()
    assert first == "- `a b/shed.py`: Changes how to use `Shed.tool_3`. **Breaking.**"
    assert interface.startswith("  - Interface: **breaking** `Shed.tool_3(self, size: int = 3) -> str` → ")
    assert new == "- `new.txt`: New: 1 line."
    assert run("changes", "--staged", "--project", repository.root).stdout == "Nothing changed.\n"
    second = repository.commit()
    told = json.loads(run("changes", f"{second}~1..{second}", "--json", "--project", repository.root).stdout)
    assert [(one["path"], one["breaking"]) for one in told] == [("a b/shed.py", True), ("new.txt", False)]
    assert json.loads(run("changes", "HEAD~1...", "--json", "--project", repository.root).stdout) == told
    assert json.loads(run("changes", "HEAD~1", "--json", "--project", repository.root).stdout) == told
    assert run("changes", "HEAD~1", "--project", repository.root / "a b").stdout.count("\n- ") == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nope",), "no revision 'nope'"),
        (("HEAD..nope",), "no revision"),
        (("HEAD...nope",), "no revision"),
        (("HEAD..HEAD", "--staged"), "no end to name"),
        (("--", "--output=x"), "no revision"),
    ],
)
def test_what_is_no_range_is_one_clear_line(repository: Repository, arguments: tuple[str, ...], said: str) -> None:
    done = run("changes", "--project", repository.root, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_repository_and_no_git_are_one_clear_line(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    done = run("changes", "--project", tmp_path / "plain")
    assert (done.returncode, "is not in a git repository" in done.stderr) == (2, True)
    assert run("changes", "--project", tmp_path / "missing").returncode == 2
    done = run("changes", "--project", repository.root, PATH=str(tmp_path / "plain"))
    assert (done.returncode, "git is not available" in done.stderr) == (2, True)
    # Skeletons need no git: the ignore files are read without it.
    rows = json.loads(run("skeleton", repository.root, "--json", PATH=str(tmp_path / "plain")).stdout)
    assert [Path(row["path"]).name for row in rows] == [".gitignore", "shed.py", "notes.txt"]


def test_what_the_model_saw_is_listed_with_its_state(repository: Repository) -> None:
    assert run("files", "--project", repository.root).returncode == 2
    database = SqliteEventStore(repository.root / ".agent" / NAME)
    events: list[Event] = [
        SessionStarted("abc", "tidy", "engineer", "shed", "m", 1_000),
        FileInjected("a b/shed.py", digest(CODE), "skeleton", "text", 1),
        FileSeen(1, "notes.txt", digest("one\n"), "part", first=1, last=1),
        FileSeen(1, "gone.txt", digest("x"), "full"),
    ]
    database.append("abc", [Logged(seq, 1.0, event) for seq, event in enumerate(events, 1)])
    database.close()
    repository.write("a b/shed.py", CODE + "x = 1\n")
    told = json.loads(run("files", "--project", repository.root, "--json").stdout)
    assert [(one["path"], one["form"], one["state"], one["by"], one["in_view"]) for one in told] == [
        ("a b/shed.py", "skeleton", "stale", "user", True), ("gone.txt", "full", "gone", "read", False),
        ("notes.txt", "part", "fresh", "read", False),
    ]  # fmt: skip
    shown = run("files", "ab", "--project", repository.root, COLUMNS="200").stdout
    assert "stale" in shown
    assert "lines 1 to 1" in shown
    assert run("files", "zzz", "--project", repository.root).returncode == 2


def test_a_project_keeps_its_skeletons(repository: Repository) -> None:
    SqliteEventStore(repository.root / ".agent" / NAME).close()
    first = run("skeleton", repository.root / "a b" / "shed.py")
    database = SqliteEventStore(repository.root / ".agent" / NAME)
    (key,) = [row[0] for row in database._connection.execute("SELECT key FROM skeletons")]
    assert digest(CODE) in key
    database.close()
    assert run("skeleton", repository.root / "a b" / "shed.py").stdout == first.stdout
