"""What was ruled out is told beside the result of a call that looks like it; no call is refused for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from throughline.agent.rejected_approaches import rejected_approaches
from throughline.agent.tool import PermissionRequest
from throughline.domain.events import Event, FullOutputStored, LedgerChanged, SessionStarted, ToolCalled, ToolReturned
from throughline.domain.ledger import Add, Entry
from throughline.domain.session import Session, fold
from unit.event_logs import log
from unit.tool_harness import ToolHarness

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="the commands are POSIX's")


def entry(text: str, why: str = "", name: str = "t5.1") -> LedgerChanged:
    return LedgerChanged((Add(Entry(name, "rejected", text, "agent", (5,), why=why)),))


def session(*events: Event, objective: str = "A report of what differs between two calendars") -> Session:
    begun = SessionStarted("s", objective, "engineer", "icalendar", "m", 200_000)
    return fold(log(begun, *events))


def wrote(number: int, path: str, text: str) -> tuple[Event, ...]:
    name = f"w{number}"
    call = ToolCalled(1, name, "write_file", {"path": path, "text": text}, 9)
    return call, ToolReturned(1, name, f"wrote {path}", 2)


COMMAND = entry("a subcommand `icalendar diff`", "a file may be called diff")
DONE = (*wrote(1, "src/icalendar/diff.py", "class Change: ..."), *wrote(2, "src/icalendar/cal/calendar.py", "x = 1"))

# What a session on a package did after its second command line was put aside: none of it is that.
UNLIKE = [
    ("edit", "src/icalendar/diff.py", "NOT_COMPARED = frozenset({'DTSTAMP'})"),
    ("edit", "src/icalendar/cal/calendar.py", '"""A calendar; `diff` says what differs between two of them."""'),
    ("edit", "src/icalendar/__init__.py", "from icalendar.diff import Change, diff"),
    ("edit", "src/icalendar/diff_cli.py", "def main() -> int:\n    parser = ArgumentParser('icalendar-diff')"),
    ("edit", "src/icalendar/tests/test_diff.py", "def test_diff_of_a_subcommand(): icalendar.diff('subcommand')"),
    ("edit", "benchmarks/diff.py", "import icalendar\nprint(icalendar.diff(a, b))"),
    ("edit", "docs/diff.md", "There is no subcommand `icalendar diff`."),
    ("run", "python -m pytest src/icalendar -k 'diff and subcommand'", ""),
    ("run", "python benchmarks/diff.py icalendar", ""),
    ("run", "grep -rn 'subcommand diff' src/icalendar", ""),
    ("run", "git diff src/icalendar | head -40", ""),
    ("run", "icalendar-diff a.ics b.ics", ""),
    ("read", "src/icalendar/subcommand_diff.py", ""),
]


@pytest.mark.parametrize(("action", "target", "new"), UNLIKE)
def test_the_projects_own_words_are_no_sign_of_what_was_ruled_out(action: str, target: str, new: str) -> None:
    want = PermissionRequest(action, target, new=new or target)  # type: ignore[arg-type]
    assert rejected_approaches(session(*DONE, COMMAND), want) == ()


TRIGGER = entry("An SQLite trigger that promotes the next hold", "it has no clock")
REDIS = entry("Redis as a queue for mails", "one more server")
LOCK = entry("a lock file beside the calendar")
ALONE = entry("celery")
# An entry, what was done before, what is about to be done, and whether it is told.
LIKE: list[tuple[LedgerChanged, tuple[Event, ...], tuple[str, str, str], bool]] = [
    (COMMAND, DONE, ("edit", "src/icalendar/cli.py", "commands.add('diff', help='The diff subcommand')"), True),
    (TRIGGER, (), ("edit", "schema.sql", "CREATE TRIGGER promote_next_hold AFTER UPDATE ON holds -- sqlite"), True),
    (TRIGGER, (), ("edit", "holds.py", "class Hold: ..."), False),
    (TRIGGER, (), ("edit", "why.md", "An SQLite trigger that promotes the next hold?"), False),
    (REDIS, (), ("run", "pip install redis", ""), False),
    (REDIS, (), ("edit", "mail.py", "import redis\nqueue = redis.Redis().lpush('mails', mail)"), True),
    (REDIS, (), ("edit", "redis_queue.py", "def push(mail): ..."), True),
    (REDIS, wrote(1, "redis_queue.py", "x"), ("edit", "redis_queue.py", "def push(job): ..."), False),
    (COMMAND, DONE, ("edit", "src/shop/cli.py", "commands.add('diff', help='A subcommand')"), False),
    (LOCK, (), ("run", "touch calendar.lock && flock calendar.lock -c 'beside the file'", ""), True),
    (LOCK, (), ("edit", "cal.py", "open(file)"), False),
    (ALONE, (), ("run", "pip install celery", ""), True),
    (ALONE, (), ("edit", "tests/test_tasks.py", "import celery"), False),
    (ALONE, (), ("run", "cat celery.toml; rg celery", ""), False),
    (ALONE, (), ("run", "cat celery.txt > requirements.txt", ""), True),
]


@pytest.mark.parametrize(("ruled", "before", "doing", "told"), LIKE)
def test_what_shares_the_rare_words_of_an_entry_is_told(
    ruled: LedgerChanged, before: tuple[Event, ...], doing: tuple[str, str, str], told: bool
) -> None:
    action, target, new = doing
    want = PermissionRequest(action, target, new=new or target)  # type: ignore[arg-type]
    assert bool(rejected_approaches(session(*before, ruled), want)) == told


def test_words_weigh_less_the_more_of_the_session_is_made_of_them() -> None:
    want = PermissionRequest("edit", "mail.py", new="queue.push(mails, redis)")
    often = [event for n in range(12) for event in wrote(n, f"part{n}.py", "a queue in redis for the mails")]
    assert rejected_approaches(session(REDIS), want)
    assert not rejected_approaches(session(*often, REDIS), want)


async def test_a_call_that_looks_like_what_was_ruled_out_runs_and_is_told_of_once_a_turn(tmp_path: Path) -> None:
    tools = ToolHarness(tmp_path)
    await tools.log.record(TRIGGER, entry("a cron job for promoting holds", name="t6.2"))
    text = "CREATE TRIGGER promote_next_hold AFTER UPDATE ON holds -- sqlite {}\n"
    first, second = [await tools.call("write_file", path=f"s{n}.sql", text=text.format(n)) for n in (1, 2)]
    assert (first.error, second.error) == (False, False)
    assert "- t5.1: An SQLite trigger that promotes the next hold — it has no clock" in first.text
    assert "t6.2" not in first.text
    assert first.text.startswith("wrote s1.sql: 1 lines\n[")
    assert second.text == "wrote s2.sql: 1 lines"
    assert sorted(path.name for path in tmp_path.glob("*.sql")) == ["s1.sql", "s2.sql"]
    other = await tools.call("write_file", path="jobs.py", text="cron.job(promoting, holds)\n")
    assert "t6.2" in other.text
    tools.turn += 1
    assert "t5.1" in (await tools.call("write_file", path="s3.sql", text=text.format(3))).text


@POSIX
async def test_what_is_told_is_no_part_of_the_output_that_is_kept(tmp_path: Path) -> None:
    tools = ToolHarness(tmp_path)
    await tools.log.record(ALONE)
    result = await tools.call("run_command", command="python3 -c 'print(\"celery\\n\" * 9000)'")
    assert "- t5.1: celery" in result.text
    (kept,) = tools.kept(FullOutputStored)
    assert "t5.1" not in kept.text
