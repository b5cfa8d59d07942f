"""The command line in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from throughline.domain.events import (
    ArchiveProposed,
    CheckpointCreated,
    Event,
    Logged,
    SessionStarted,
    ToolReturned,
    TurnEnded,
    UserMessage,
)
from throughline.storage.event_store import SqliteEventStore
from throughline.transcripts.read import read

DEMO = Path(__file__).parents[2] / "demo" / "session.jsonl"


def run(*arguments: str | Path, said: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "throughline", *map(str, arguments)]
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC_")} | environment
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, encoding="utf-8", env=env, input=said
    )


def propose(project: Path, name: str) -> None:
    """A session in which an archive change waits."""
    text = "## Project Archive: p\n\n### Architectural Decisions\n- Keys keep their order <!-- 0123abcd -->\n"
    store = SqliteEventStore(project / ".agent" / "throughline.db")
    begun = SessionStarted(name, "a", "engineer", "p", "claude-sonnet-5-5", 200_000)
    events: tuple[Event, ...] = (
        begun,
        UserMessage(1, "Keep the order.", 4),
        TurnEnded(1, "done"),
        ArchiveProposed("", text, 30),
    )
    store.append(name, [Logged(seq, 1.0, event) for seq, event in enumerate(events, 1)])
    store.close()


def test_a_replay_writes_all_that_was_asked_for(tmp_path: Path) -> None:
    outputs = {name: tmp_path / "out" / name for name in ("trace.jsonl", "summary.md", "archive.md")}
    done = run(
        "replay", DEMO, "--project", tmp_path / "shed", "--views", tmp_path / "views",
        "--trace", outputs["trace.jsonl"], "--summary", outputs["summary.md"], "--archive", outputs["archive.md"],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "full history" not in done.stdout
    rows = [json.loads(line) for line in outputs["trace.jsonl"].read_text(encoding="utf-8").splitlines()]
    assert f"{len(rows)}" in done.stdout
    assert {row["purpose"] for row in rows} == {"chat"}
    assert outputs["summary.md"].read_text(encoding="utf-8").startswith("## Rolling Summary — Turn 50\n")
    archive = outputs["archive.md"].read_text(encoding="utf-8")
    assert archive == (tmp_path / "shed" / ".agent" / "project-context.md").read_text(encoding="utf-8")
    assert archive.startswith("## Project Archive: shed\n")
    assert {path.name for path in (tmp_path / "views").iterdir()} == {"view-end.md", "view-compacted.md"}


def test_several_recordings_are_consecutive_sessions_of_one_project(tmp_path: Path) -> None:
    paths = []
    for number, rule in enumerate(("Always name the file `notes.md`.", "Never touch `legacy.py` again."), 1):
        paths.append(tmp_path / f"{number}.jsonl")
        steps = [
            {"i": 0, "role": "user", "kind": "prompt", "text": rule},
            {"i": 1, "role": "assistant", "kind": "text", "text": f"[DECISION]: {rule} because you asked for it"},
        ]
        paths[-1].write_text("".join(json.dumps(step) + "\n" for step in steps), encoding="utf-8")
    done = run("replay", *paths, "--project", tmp_path / "p", "--archive", tmp_path / "archive.md")
    assert done.returncode == 0, done.stderr
    archive = (tmp_path / "archive.md").read_text(encoding="utf-8")
    assert "notes.md" in archive
    assert "legacy.py" in archive


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02", "binary"),
        (b"hello\n", "recorded session"),
        ('{"role": "user", "kind": "prompt", "text": "Größe"}\n'.encode("latin-1"), "not UTF-8"),
        (b'{"role": "us', "recorded session"),
        (b'{"type": "summary", "summary": "A day", "leafUuid": "x"}\n', "no step"),
        (None, "does not exist"),
    ],
)
def test_a_file_that_is_no_session_is_one_clear_line(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "session.jsonl"
    if content is not None:
        path.write_bytes(content)
    done = run("replay", path, "--project", tmp_path / "p")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_file_among_several_stops_the_replay_before_anything_is_kept(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_bytes(b"hello\n")
    done = run("replay", DEMO, tmp_path / "bad.jsonl", "--project", tmp_path / "p")
    assert done.returncode == 2
    assert done.stderr.startswith("throughline: bad.jsonl is in no known format")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "p" / ".agent").exists()


def test_an_output_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = run("replay", DEMO, "--project", tmp_path / "p", "--trace", tmp_path / "file" / "trace.jsonl")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_help_loads_nothing_heavy() -> None:
    probe = (
        "import sys; from throughline.cli.main import commands; commands(['--help'], standalone_mode=False);"
        "sys.exit(bool({'anthropic', 'tiktoken', 'tree_sitter', 'pygls', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0


@pytest.fixture(scope="module")
def shed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which the demo has been played."""
    folder = tmp_path_factory.mktemp("shed")
    assert run("replay", DEMO, "--project", folder).returncode == 0
    return folder


def test_what_a_project_has_kept_can_be_read(shed: Path) -> None:
    (listed,) = json.loads(run("sessions", "--project", shed, "--json").stdout)
    assert (listed["turns"], listed["ended"], listed["origin"]) == (50, True, "recording")
    assert listed["id"] in run("sessions", "--project", shed).stdout
    told = json.loads(run("status", listed["id"][:6], "--project", shed, "--json").stdout)
    assert (told["id"], told["turns"]) == (listed["id"], 50)
    assert told["calls"] > 50
    assert "Turns: 50" in run("status", "--project", shed).stdout
    assert run("summary", "--project", shed).stdout.startswith("## Rolling Summary — Turn 50\n")
    assert run("archive", "--project", shed).stdout.startswith("## Project Archive: ")
    found = json.loads(run("recall", "background", "thread", "--project", shed, "--json").stdout)
    assert {one["session"] for one in found} == {listed["id"]}
    assert any(one["kind"] == "entry" for one in found)
    assert "turn" in run("recall", "background", "thread", "--project", shed).stdout
    assert "Nothing was said" in run("recall", "zeppelin", "--project", shed).stdout


def test_everything_that_is_remembered_is_listed_with_what_shows_it(shed: Path) -> None:
    found = json.loads(run("memory", "--project", shed, "--json").stdout)
    assert {"id", "kind", "text", "why", "source", "turns", "state", "pinned", "summary", "archive", "view"} <= set(
        found[0]
    )
    live = [one for one in found if one["state"] == "active"]
    tags = [one for one in live if one["source"] == "agent"]
    kinds = Counter(one["kind"] for one in tags)
    assert (kinds["decision"], kinds["milestone"], kinds["rejected"]) == (16, 4, 3)
    # What the demo's agent tagged is all in the archive, and in the summary or counted there by its section.
    assert all(one["archive"] and one["view"] for one in tags)
    summary = run("summary", "--project", shed).stdout
    hidden = Counter(one["kind"] for one in live if not one["summary"])
    assert hidden == {"decision": int(re.findall(r"… and (\d+) more: recall decisions", summary)[0])}
    assert not any(one["archive"] or one["view"] for one in found if one["state"] != "active")
    told = run("memory", "--project", shed).stdout
    assert all(f"- {one['id']} (" in told for one in found)
    listed = run("recall", "decisions", "--project", shed).stdout
    assert all(f"- {one['id']} (decision" in listed for one in tags if one["kind"] == "decision")


def test_a_project_without_sessions_remembers_nothing(tmp_path: Path) -> None:
    (tmp_path / ".agent").mkdir()
    assert run("memory", "--project", tmp_path).stdout == "Nothing is remembered yet.\n"
    assert json.loads(run("memory", "--project", tmp_path, "--json").stdout) == []


def test_rules_are_listed_over_sessions_and_taken_back(tmp_path: Path) -> None:
    said = ["Never touch `legacy.py` again.", "Answer me without emoji, always."]
    for number, text in enumerate(said):
        steps = [
            {"i": 0, "role": "user", "kind": "prompt", "text": text},
            {"i": 1, "role": "assistant", "kind": "text", "text": "ok"},
        ]
        path = tmp_path / f"{number}.jsonl"
        path.write_text("".join(f"{json.dumps(step)}\n" for step in steps), encoding="utf-8")
        assert run("replay", path, "--project", tmp_path / "shed").returncode == 0
    told = json.loads(run("rules", "--project", tmp_path / "shed", "--json").stdout)
    assert [(one["text"], one["mine"]) for one in told] == [(said[0], False), (said[1], True)]
    done = run("rules", "--project", tmp_path / "shed", "--retire", told[0]["id"])
    assert done.stdout.splitlines() == [f"{told[1]['id']}  {said[1]}  (on this machine only)"]
    gone = run("rules", "--project", tmp_path / "shed", "--retire", told[0]["id"])
    assert gone.returncode == 2
    assert f"There is no rule {told[0]['id']} in force" in gone.stderr
    run("rules", "--project", tmp_path / "shed", "--retire", told[1]["id"])
    assert run("rules", "--project", tmp_path / "shed").stdout == "There are no rules in force.\n"


def test_a_replay_with_a_sample_runs_the_tools_in_a_copy_of_it(tmp_path: Path) -> None:
    beginning = DEMO.read_text(encoding="utf-8").splitlines()[:140]
    recording, sample = tmp_path / "beginning.jsonl", tmp_path / "sample"
    recording.write_text("\n".join(beginning) + "\n", encoding="utf-8")
    shutil.copytree(DEMO.parent / "project", sample, ignore=shutil.ignore_patterns(".*"))
    (sample / "tests" / "test_more.py").write_text("def test_more():\n    assert True\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in sample.rglob("*") if path.is_file()}
    done = run("replay", recording, "--sample", sample, "--project", tmp_path / "p", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["ran"] == told["alike"] == sum('"kind": "tool_result"' in line for line in beginning)
    database = SqliteEventStore(tmp_path / "p" / ".agent" / "throughline.db")
    kept = [one.event for row in database.sessions() for one in database.read(row.id)]
    database.close()
    results = "\n".join(event.text for event in kept if isinstance(event, ToolReturned))
    # One test more than when it was recorded.
    assert "46 passed" in results
    assert "2 failed, 57 passed" in results
    assert any(isinstance(event, CheckpointCreated) for event in kept)
    assert {path: path.read_bytes() for path in sample.rglob("*") if path.is_file()} == before
    assert "tool calls ran" in run("replay", recording, "--sample", sample, "--project", tmp_path / "q").stdout
    refused = run("replay", recording, "--sample", tmp_path / "nowhere", "--project", tmp_path / "r")
    assert (refused.returncode, "does not exist" in refused.stderr) == (2, True)


def test_a_comparison_tables_every_strategy(tmp_path: Path) -> None:
    done = run("replay", DEMO, "--project", tmp_path / "p", "--compare", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {"full", "masking", "window"} <= set(told)
    assert told["input"] < told["masking"]["input"] < told["full"]["input"]
    assert told["window"]["input"] < told["full"]["input"]
    assert told["dollars"] == pytest.approx(sum(one["dollars"] for one in told["purposes"].values()))
    assert json.loads(run("sessions", "--project", tmp_path / "p", "--json").stdout)[0]["turns"] == 50
    alone = run("replay", DEMO, "--project", tmp_path / "q", "--strategy", "window", "--json")
    assert json.loads(alone.stdout)["input"] == pytest.approx(told["window"]["input"], rel=0.01)
    assert not (tmp_path / "q").exists()
    refused = run("replay", DEMO, "--project", tmp_path / "q", "--strategy", "full", "--summary", tmp_path / "s.md")
    assert (refused.returncode, "remembers nothing" in refused.stderr) == (2, True)


def test_a_kept_session_is_previewed_compacted_undone_and_ended(tmp_path: Path) -> None:
    chat = run("chat", "--demo", "--project", tmp_path, said="\n" * 8)
    assert chat.returncode == 0, chat.stderr
    shown = json.loads(run("compact", "--preview", "--project", tmp_path, "--json").stdout)
    done = json.loads(run("compact", "--project", tmp_path, "--json").stdout)
    assert {**shown, "done": True} == done
    assert shown["before"] > shown["after"]
    assert shown["added"]
    undone = json.loads(run("undo", "--project", tmp_path, "--json").stdout)
    # Tool output that was masked on the way stays a stub.
    assert undone["undone"] == "c1"
    assert shown["after"] < undone["tokens"] <= shown["before"]
    assert run("undo", "--project", tmp_path).returncode == 2
    assert "Compaction of turns 1 to" in run("compact", "--preview", "--project", tmp_path).stdout
    diff = run("archive", "--diff", "--project", tmp_path).stdout
    assert diff.startswith("--- a/.agent/project-context.md\n")
    assert run("archive", "--project", tmp_path).stdout.startswith("This project has no archive yet")
    ended = json.loads(run("end", "--project", tmp_path, "--json").stdout)
    assert (ended["turns"], ended["ended"], ended["waits"]) == (8, True, True)
    # Nobody has looked at it yet.
    assert not Path(ended["archive"]).exists()
    assert run("archive", "--diff", "--project", tmp_path).stdout == diff
    assert run("archive", "--accept", "--project", tmp_path).returncode == 0
    archive = Path(ended["archive"]).read_text(encoding="utf-8")
    assert [line for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++")] == [
        f"+{line}" for line in archive.splitlines()
    ]


def test_a_change_that_waits_is_shown_accepted_or_rejected_by_command(tmp_path: Path) -> None:
    written = tmp_path / ".agent" / "project-context.md"
    for settle, stays in (("--reject", ""), ("--accept", "## Project Archive")):
        propose(tmp_path, f"s{settle}")
        shown = run("archive", "--diff", "--project", tmp_path)
        assert "+### Architectural Decisions" in shown.stdout, shown.stderr
        done = run("archive", f"s{settle}", settle, "--project", tmp_path)
        assert done.returncode == 0, done.stderr
        assert (written.read_text(encoding="utf-8") if written.exists() else "").startswith(stays)
        again = run("archive", settle, "--project", tmp_path)
        assert (again.returncode, "No archive change waits" in again.stderr) == (2, True)


@pytest.mark.parametrize("command", ["undo", "compact", "end"])
def test_a_session_that_can_only_be_read_is_not_changed(shed: Path, command: str) -> None:
    (listed,) = json.loads(run("sessions", "--project", shed, "--json").stdout)
    done = run(command, listed["id"], "--project", shed)
    assert done.returncode == 2
    assert "can only be read" in done.stderr


def test_the_doctor_lists_the_prompts_and_names_a_bad_one(tmp_path: Path) -> None:
    own = tmp_path / ".agent" / "prompts"
    own.mkdir(parents=True)
    (own / "qa.md").write_text("Break it.", encoding="utf-8")
    told = " ".join(run("doctor", "--project", tmp_path).stdout.split())
    assert "prompts: system, engineer, qa (this project's own), product, summarise" in told
    (own / "qa.md").write_bytes(b"\xff\x00")
    assert ".agent/prompts/qa.md is not a text file" in " ".join(run("doctor", "--project", tmp_path).stdout.split())
    done = run("chat", "--demo", "--project", tmp_path, said="Hello\n")
    assert done.returncode == 2
    assert ".agent/prompts/qa.md is not a text file" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("status", "zzz"), "no session zzz"), (("summary", "zzz"), "no session zzz")],
)
def test_a_session_that_is_not_there_is_one_clear_line(shed: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments, "--project", shed)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("command", ["sessions", "status", "summary", "archive"])
def test_a_folder_without_sessions_is_one_clear_line(tmp_path: Path, command: str) -> None:
    done = run(command, "--project", tmp_path)
    assert done.returncode == 2
    assert "no .agent folder" in done.stderr
    assert not (tmp_path / ".agent").exists()


def test_a_secret_and_then_a_session_are_forgotten(tmp_path: Path) -> None:
    assert run("replay", DEMO, "--project", tmp_path).returncode == 0
    assert "Nothing was said" not in run("recall", "background", "thread", "--project", tmp_path).stdout
    assert run("forget", "--project", tmp_path, "--yes").returncode == 2
    done = run("forget", "--text", "background thread", "--project", tmp_path, "--yes")
    assert done.stdout.startswith("Forgotten in ")
    kept = b"".join(path.read_bytes() for path in (tmp_path / ".agent").iterdir())
    assert b"background thread" not in kept
    (listed,) = json.loads(run("sessions", "--project", tmp_path, "--json").stdout)
    assert "events" in run("forget", listed["id"], "--project", tmp_path, "--yes").stdout
    assert json.loads(run("sessions", "--project", tmp_path, "--json").stdout) == []


def test_an_exported_session_is_the_recording_again(shed: Path, tmp_path: Path) -> None:
    out = tmp_path / "exported.jsonl"
    assert run("export", "--project", shed, "--out", out).returncode == 0
    told = [[(step.role, step.kind, step.text, step.args) for step in read(path).steps] for path in (DEMO, out)]
    assert told[0] == told[1]
    assert run("export", "--project", shed).stdout == out.read_text(encoding="utf-8")


def test_the_doctor_says_what_is_missing_and_shows_no_key(shed: Path) -> None:
    without = run("doctor", "--project", shed)
    assert without.returncode == 1
    assert "ANTHROPIC_API_KEY" in without.stdout
    assert "1 sessions can be read" in without.stdout
    keyed = run("doctor", "--project", shed, ANTHROPIC_API_KEY="sk-test-key")
    assert keyed.returncode == 0, keyed.stdout
    assert "sk-test-key" not in keyed.stdout + keyed.stderr


@pytest.mark.parametrize("at", [1e12, -1e12, 1e300])
def test_a_clock_that_was_far_off_keeps_nothing_from_being_read(tmp_path: Path, at: float) -> None:
    begun = SessionStarted("far", "a", "engineer", "p", "claude-sonnet-5-5", 200_000)
    store = SqliteEventStore(tmp_path / ".agent" / "throughline.db")
    store.append(
        "far", [Logged(1, at, begun), Logged(2, at, UserMessage(1, "Keep it.", 4)), Logged(3, at, TurnEnded(1, "done"))]
    )
    store.close()
    for command in ("sessions", "status", "export"):
        done = run(command, "--project", tmp_path)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), (command, done.stderr)


# Not a byte can be written, as where the disk is full; what a file holds can be read.
FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
sys.argv[1:] = {arguments!r}
from throughline.__main__ import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@pytest.mark.parametrize(
    ("command", "said"), [("sessions", '"waits"'), ("export", "Keep the order."), ("status", '"turns": 1')]
)
def test_a_full_disk_still_lets_one_read(tmp_path: Path, command: str, said: str) -> None:
    propose(tmp_path, "waits")
    arguments = [command, "--project", str(tmp_path), *(["--json"] if command != "export" else [])]
    done = subprocess.run(
        [sys.executable, "-c", FULL.format(arguments=arguments)],
        capture_output=True, text=True, timeout=60, check=False, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert "the disk is full" in done.stderr
