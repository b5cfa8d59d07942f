"""No space on the disk, met by a real process: one clear line, and nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from integration.acknowledging_replay import ACKNOWLEDGING_CONTAINER
from throughline.domain.session import fold
from throughline.domain.settings import Settings
from throughline.session.live_session import LiveSession
from throughline.storage.archive_file import ATTRIBUTES
from throughline.storage.event_store import IGNORED, SqliteEventStore
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.session_harness import SessionHarness

resource = pytest.importorskip("resource", reason="this system has no limit on the size of a file")
TURNS = 60
SEED = int(os.environ.get("THROUGHLINE_SEED", "7"))
# The `replay` command, which also says, after each append that has returned, up to which event it is kept, and may
# write files of so many bytes at most.
PLAYER = f"""{ACKNOWLEDGING_CONTAINER}
import resource, sys
import throughline.__main__ as program

recording, project, most = sys.argv[1:]
if most:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
program.Container = AcknowledgingContainer
sys.argv = ["throughline", "replay", recording, "--project", project, "--json"]
program.main()
"""
# A small disk that only this process and its children see, and that goes with them; what was on it is copied out.
ON_A_DISK = (
    'mount -t tmpfs -o size="$1" tmpfs "$2" || exit 99; shift 2; "$@"; code=$?; cp -a "$5/.agent" "$5.kept"; exit $code'
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A neutral transcript of many turns with tools."""
    events: list[dict[str, object]] = []

    def add(role: str, kind: str, **more: object) -> None:
        events.append({"i": len(events), "role": role, "kind": kind, "text": "", **more})

    for turn in range(TURNS):
        add("user", "prompt", text=f"Always keep field {turn} of the kiosk's JSON as it is.")
        add("assistant", "tool_call", tool="read", args={"path": f"{turn}.py"}, call_id=f"c{turn}")
        add("tool", "tool_result", text=f"line {turn}\n" * 200, call_id=f"c{turn}")
        add("assistant", "text", text=f"The fix is to leave field {turn} alone.")
    path = tmp_path_factory.mktemp("recording") / "session.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return path


def play(command: list[str]) -> int:
    """Replays where there is no space, and returns the last event that was acknowledged, 0 where none was."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, encoding="utf-8")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("throughline: ")]
    assert len(said) == 1, done.stderr
    assert done.stderr.splitlines()[-1] == said[0]
    return max((int(line) for line in done.stdout.splitlines() if line.isdigit()), default=0)


async def check(agent: Path, acknowledged: int) -> None:
    """Nothing acknowledged is lost, no file is half there, and once there is space the session goes on to its end."""
    for name, text in ((".gitignore", IGNORED), (".gitattributes", ATTRIBUTES)):
        assert not (agent / name).exists() or (agent / name).read_text(encoding="utf-8") == text
    assert not list(agent.glob(".*.*.*"))
    path = agent / "throughline.db"
    if path.exists():
        with closing(sqlite3.connect(path)) as plain:
            assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with closing(SqliteEventStore(path)) as database:
        assert database.repair == ""
        assert (agent / ".gitignore").read_text(encoding="utf-8") == IGNORED
        rows = database.sessions()
        log = tuple(database.read(rows[0].id)) if rows else ()
        assert [one.seq for one in log] == list(range(1, len(log) + 1))
        assert len(log) >= acknowledged
        if not rows:
            return
        harness = SessionHarness()
        config = harness.config(ScriptedModel([ScriptedReply("Here.")]))
        live = await LiveSession.resume(evolve(harness.ports, store=database), config, Settings(), rows[0].id)
        await live.send("And now?")
        await live.idle()
        await live.end()
        await live.close()
        assert tuple(database.read(rows[0].id))[: len(log)] == log
        now = fold(database.read(rows[0].id))
        assert now == live.session
        assert now.ended


# The smallest files, the places where SQLite's own begin to fit, and any others, more of them small than large.
LIMITS = [0, 10, 60, 4_096, 33_000, *(int(10 ** random.Random(f"{SEED} {n}").uniform(4.5, 6.2)) for n in range(8))]


@pytest.mark.parametrize("most", LIMITS, ids=[f"{most} bytes" for most in LIMITS])
async def test_where_files_cannot_grow_a_replay_stops_in_one_line_and_what_it_kept_stays(
    recording: Path, tmp_path: Path, most: int
) -> None:
    project = tmp_path / "p"
    project.mkdir()
    acknowledged = play([sys.executable, "-c", PLAYER, str(recording), str(project), str(most)])
    await check(project / ".agent", acknowledged)


def mountable() -> bool:
    """Whether this user may mount a disk that nobody else sees."""
    unshare = shutil.which("unshare")
    probe = ["-Urm", "sh", "-c", "mount -t tmpfs -o size=4k tmpfs /mnt"]
    return bool(unshare) and not subprocess.run([str(unshare), *probe], capture_output=True, check=False).returncode


@pytest.mark.skipif(not mountable(), reason="no disk can be mounted here")
@pytest.mark.parametrize("size", ["4k", "16k", "64k", "128k", "300k", "600k", "1m", "2m"])
async def test_on_a_full_disk_a_replay_stops_in_one_line_and_what_it_kept_stays(
    recording: Path, tmp_path: Path, size: str
) -> None:
    project = tmp_path / "p"
    project.mkdir()
    player = [sys.executable, "-c", PLAYER, str(recording), str(project), ""]
    acknowledged = play(["unshare", "-Urm", "sh", "-c", ON_A_DISK, "sh", size, str(project), *player])
    await check(tmp_path / "p.kept", acknowledged)
