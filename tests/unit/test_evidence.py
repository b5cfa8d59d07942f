"""Evidence: what code saw happen in a turn, and what of it becomes an issue."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.events import AssistantMessage, Event, Evidence, ToolCalled, ToolReturned
from throughline.domain.ledger import Ledger, apply_operations
from throughline.memory.evidence import evidence_operations, project_root, turn_evidence
from unit.event_logs import entry, session, spoke

DENIED = "The user doesn't want to proceed with this tool use. The tool use was rejected."
BLOCK = (
    '<tool-use data-tool-type="{kind}" data-tool-name="{tool}"><details>\n<summary>Tool use: **{tool}**</summary>\n'
    "Look at it\n\n{shown}\n```text\n{output}\n```\n</details></tool-use>"
)


def call(
    turn: int, tool: str, result: str, *, error: bool = False, proof: Evidence | None = None, **args: object
) -> list[Event]:
    name = f"{turn}-{tool}-{len(result)}-{sorted(args.items())!s}"
    return [
        ToolCalled(turn, name, tool, dict(args), 5),
        evolve(ToolReturned(turn, name, result, 5, error), evidence=proof),
    ]


def ran(turn: int, command: str, result: str = "", *, error: bool = False) -> list[Event]:
    return call(turn, "Bash", result, error=error, command=command)


WRITTEN = BLOCK.format(kind="write", tool="Edit", shown="", output="The file /w/shed/a.go has been updated.")
CHANGED: list[tuple[str, list[Event], tuple[str, ...]]] = [
    ("an edit", call(1, "Edit", "ok", file_path="a.py"), ("a.py",)),
    ("an edit that failed", call(1, "Edit", "String not found", error=True, file_path="a.py"), ()),
    ("one that was denied", call(1, "Write", DENIED, error=True, file_path="a.py"), ()),
    ("by evidence", call(1, "edit_file", "ok", proof=Evidence(changed=("b.py",)), path="a.py"), ("b.py",)),
    ("a patch", call(1, "apply_patch", "Done", input="*** Begin Patch\n*** Update File: c.go\n@@"), ("c.go",)),
    (
        "a patch by a shell",
        call(1, "shell", "", command=["bash", "-lc", "apply_patch <<E\n*** Add File: d.go\nE"]),
        ("d.go",),
    ),
    ("an editor that only looks", call(1, "str_replace_editor", "1 a", command="view", path="a.py"), ()),
    ("an editor that edits", call(1, "str_replace_editor", "ok", command="create", path="a.py"), ("a.py",)),
    (
        "a block of SpecStory",
        call(1, "Edit", WRITTEN),
        ("/w/shed/a.go",),
    ),
    ("a list of what is to do", call(1, "TodoWrite", "ok", todos=[], path="a.py"), ()),
    ("a read", call(1, "Read", "text", file_path="a.py"), ()),
]


@pytest.mark.parametrize(("name", "said", "changed"), CHANGED, ids=[row[0] for row in CHANGED])
def test_these_files_were_changed(name: str, said: list[Event], changed: tuple[str, ...]) -> None:
    assert turn_evidence(session(spoke(1, "go"), *said).turns[0]).changed == changed


def test_paths_are_relative_to_the_project_and_others_come_last() -> None:
    said = [
        *call(1, "Write", "ok", file_path="/tmp/plan.md"),
        *call(1, "Edit", "ok", file_path="/home/u/shed/src/loans/due.py"),
        *call(1, "Edit", "ok", file_path="/home/u/shed/tests/test_due.py"),
        AssistantMessage(1, "The fix is in `src/loans/due.py`, its test in `tests/test_due.py`.", 9),
    ]
    turns = session(spoke(1, "go"), *said).turns
    root = project_root(turns)
    assert root == "/home/u/shed/"
    assert turn_evidence(turns[0], root).changed == ("src/loans/due.py", "tests/test_due.py", "/tmp/plan.md")


def test_relative_paths_have_no_root() -> None:
    assert project_root(session(spoke(1, "go"), *call(1, "Edit", "ok", file_path="src/a.py")).turns) == ""


UNRUN = "<tool_use_error>Sibling tool call errored</tool_use_error>"
DUE = "FAILED tests/test_a.py::test_due - x\n1 failed"
STOPPED = call(1, "run_command", "[stopped]", error=True, proof=Evidence(command="pytest"), command="pytest")
LINTED = BLOCK.format(kind="shell", tool="Bash", shown="`npm run lint`\n", output="Exit code 1\n3 problems")
NO_DUE = "loans.go:3:1: error: no Due"
ISSUES: list[tuple[str, list[Event], list[str]]] = [
    ("a red test", ran(1, "pytest -q", DUE, error=True), ["`pytest -q` fails: tests/test_a.py::test_due"]),
    ("a look that found nothing", ran(1, "ls docs", "ls: docs: No such file or directory", error=True), []),
    ("a search without a hit", ran(1, "grep -rn kiosk .", "", error=True), []),
    ("git that could not", ran(1, "git cat-file -t 0a1b", "fatal: Not a valid object name", error=True), []),
    ("a denied test run", ran(1, "pytest -q", DENIED, error=True), []),
    ("one that never ran", ran(1, "pytest -q", UNRUN, error=True), []),
    ("one that was stopped", STOPPED, []),
    ("red behind a pipe", ran(1, "go build ./... 2>&1 | head", NO_DUE), [f"`go build ./...` fails: {NO_DUE}"]),
    ("a block of SpecStory", call(1, "Bash", LINTED), ["`npm run lint` fails: 3 problems"]),
    ("red and then green", [*ran(1, "pytest -q", "1 failed", error=True), *ran(1, "pytest -q", "4 passed")], []),
]


def texts(ledger: Ledger) -> list[str]:
    return [one.text for one in ledger.live()]


def after(said: Sequence[Event], ledger: Ledger | None = None, turn: int = 1) -> Ledger:
    turns = session(spoke(turn, "go"), *said).turns
    before = ledger or Ledger()
    return apply_operations(before, evidence_operations(turns, before))[0]


@pytest.mark.parametrize(("name", "said", "issues"), ISSUES, ids=[row[0] for row in ISSUES])
def test_these_are_issues(name: str, said: list[Event], issues: list[str]) -> None:
    ledger = after(said)
    assert texts(ledger) == issues
    assert {one.author for one in ledger.live()} <= {"code"}


RED = ran(1, "pytest -q --tb=line", "FAILED tests/test_a.py::test_due - x\n1 failed", error=True)
GREEN: list[tuple[str, list[Event], bool]] = [
    ("the same command", ran(2, "pytest -q --tb=line", "1 passed"), True),
    ("another command line", ran(2, "cd shed && python -m pytest tests/test_a.py -v | tail", "1 passed"), True),
    ("a runner that says no language", ran(2, "make test", "ok"), True),
    ("another file's tests", ran(2, "pytest tests/test_b.py", "1 passed"), False),
    ("a linter", ran(2, "ruff check .", "All checks passed!"), False),
    ("a run that tells nothing", ran(2, "pytest -q | grep -c x"), False),
    ("words", [AssistantMessage(2, "The test `test_due` passes now.", 9)], False),
]


@pytest.mark.parametrize(("name", "later", "settled"), GREEN, ids=[row[0] for row in GREEN])
def test_a_red_test_is_settled_by_a_later_green_run_of_the_same(name: str, later: list[Event], settled: bool) -> None:
    ledger = after(later, after(RED), turn=2)
    assert (not texts(ledger)) == settled


def test_a_red_run_takes_the_place_of_the_one_before() -> None:
    ledger = after(ran(2, "pytest", "FAILED tests/test_b.py::test_paid - x", error=True), after(RED), turn=2)
    assert texts(ledger) == ["`pytest` fails: tests/test_b.py::test_paid"]


def test_a_part_of_what_fails_already_is_no_second_issue() -> None:
    ledger = after(
        ran(2, "pytest tests/test_a.py", "FAILED tests/test_a.py::test_due - x", error=True), after(RED), turn=2
    )
    assert len(texts(ledger)) == 1


def test_an_issue_that_is_resolved_is_not_reopened_by_words() -> None:
    settled = after(ran(2, "pytest", "1 passed"), after(RED), turn=2)
    again = after([AssistantMessage(3, "Known issue: `pytest -q` failed before.", 9)], settled, turn=3)
    assert texts(again) == []


def test_an_issue_of_the_first_edition_is_settled_too() -> None:
    old = entry("e1.1", "`pytest -q` fails: 1 failed", "issue", author="code", subject="pytest -q")
    assert texts(after(ran(2, "pytest", "3 passed"), Ledger({"e1.1": old}), turn=2)) == []


def test_what_the_user_holds_fast_stays() -> None:
    pinned = evolve(after(RED).live()[0], pinned=True)
    assert len(texts(after(ran(2, "pytest", "3 passed"), Ledger({pinned.id: pinned}), turn=2))) == 1


_runs = st.tuples(
    st.sampled_from(["pytest", "pytest tests/test_a.py", "pytest -k due", "make test", "go test ./...", "ls"]),
    st.booleans(),
    st.sampled_from(["", "FAILED tests/test_a.py::test_due - x", "1 failed", "3 passed", DENIED]),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(_runs, max_size=8))
def test_after_a_green_run_of_everything_nothing_of_it_fails(runs: list[tuple[str, bool, str]]) -> None:
    ledger = Ledger()
    for turn, (command, error, result) in enumerate(runs, 1):
        ledger = after(ran(turn, command, result, error=error), ledger, turn)
    for turn, command in enumerate(("make test", "go test ./...", "npm test"), len(runs) + 1):
        ledger = after(ran(turn, command), ledger, turn)
    assert texts(ledger) == []
