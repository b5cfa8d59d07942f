"""Commands of a shell: which of them check something, what they check, and how they ended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.memory.commands import (
    Outcome,
    Scope,
    changes_files,
    changing,
    checks,
    covers,
    failing_tests,
    never_ran,
    outcome,
    runs_commands,
    simple_commands,
)

CHECKS: list[tuple[str, list[tuple[str, str]]]] = [
    ("pytest -q", [("test", "pytest -q")]),
    ("cd shed && python3 -m pytest -q 2>&1 | tail -5", [("test", "pytest -q")]),
    ("FOO=1 uv run pytest tests/test_loans.py", [("test", "pytest tests/test_loans.py")]),
    ("go vet ./... && go test ./loans/...", [("lint", "go vet ./..."), ("test", "go test ./loans/...")]),
    ("npm run lint; npm test", [("lint", "npm run lint"), ("test", "npm test")]),
    ("./node_modules/.bin/tsc --noEmit", [("types", "tsc --noEmit")]),
    ("make", [("build", "make")]),
    ("make test-unit", [("test", "make test-unit")]),
    ("cargo build --release", [("build", "cargo build --release")]),
    ("timeout 60 ./gradlew test", [("test", "gradlew test")]),
    ("ls -la && cat pytest.ini", []),
    ("grep -rn 'go test' docs", []),
    ("git log --oneline | head", []),
    ("git cat-file -t 0a1b2c", []),
    ("echo 'run pytest'", []),
    ("cat > run.sh <<'EOF'\npytest -q\nEOF", []),
    ("python reproduce.py", []),
    ("git commit -m 'go test passes; npm test too'", []),
    ("", []),
]


@pytest.mark.parametrize(("line", "found"), CHECKS, ids=[line[:40] for line, _ in CHECKS])
def test_a_line_runs_these_checks(line: str, found: list[tuple[str, str]]) -> None:
    assert [(one.kind, one.text) for one in checks(line)] == found


OUTCOMES: list[tuple[str, str, bool, str, Outcome]] = [
    ("its own status tells", "pytest -q", False, "", "passed"),
    ("its own status tells that it failed", "pytest -q", True, "", "failed"),
    (
        "a pipe hides the status, and the output tells",
        "pytest -q 2>&1 | tail -3",
        False,
        "2 failed, 3 passed",
        "failed",
    ),
    ("a pipe hides the status of a green run", "go test ./... | tail -3", False, "ok  \tshed/loans\t0.2s", "passed"),
    ("nothing tells", "go test ./... 2>&1 | grep -v ok", False, "", "ran"),
    ("a later command hides the status", "pytest -q; echo done", False, "1 failed\ndone", "failed"),
    ("what follows by && ran because it passed", "pytest -q && echo done", False, "done", "passed"),
    ("|| true hides it", "mypy . || true", False, "Found 3 errors in 1 file", "failed"),
]


@pytest.mark.parametrize(("name", "line", "failed", "output", "ended"), OUTCOMES, ids=[row[0] for row in OUTCOMES])
def test_a_check_ended_so(name: str, line: str, failed: bool, output: str, ended: Outcome) -> None:
    (check,) = checks(line)
    assert outcome(check, failed=failed, last=True, output=output) == ended


PY = Scope("python")
COVERED: list[tuple[str, Scope, Scope, tuple[str, ...], bool]] = [
    ("the whole runs each part", PY, Scope("python", ("tests/test_a.py",)), (), True),
    ("under another runner of any language", Scope("any"), PY, ("tests/test_a.py::test_due",), True),
    ("not in another language", Scope("js"), PY, (), False),
    ("a part does not run the whole", Scope("python", ("tests/test_a.py",)), PY, (), False),
    (
        "the file of the test that failed",
        Scope("python", ("tests/test_a.py",)),
        PY,
        ("tests/test_a.py::test_due",),
        True,
    ),
    ("another file", Scope("python", ("tests/test_b.py",)), PY, ("tests/test_a.py::test_due",), False),
    ("a selection that leaves it out", Scope("python", (), ("test_paid",)), PY, ("tests/test_a.py::test_due",), False),
    ("a selection that names it", Scope("python", (), ("test_due",)), PY, ("tests/test_a.py::test_due",), True),
    ("a package of Go", Scope("go", ("./loans/...",)), Scope("go", ("loans/due",)), (), True),
    ("one that only begins alike", Scope("python", ("tests/a",)), Scope("python", ("tests/ab",)), (), False),
]


@pytest.mark.parametrize(("name", "later", "earlier", "names", "whole"), COVERED, ids=[row[0] for row in COVERED])
def test_a_later_run_runs_what_failed(
    name: str, later: Scope, earlier: Scope, names: tuple[str, ...], whole: bool
) -> None:
    assert covers(later, earlier, names) == whole


NEVER = [
    ("<tool_use_error>Sibling tool call errored</tool_use_error>", True),
    ("The user doesn't want to proceed with this tool use.", True),
    ("Permission for this tool use was denied.", True),
    ("[Request interrupted by user for tool use]", True),
    ("Command timed out after 2m", True),
    ("Exit code 1\nE   assert 1 == 2", False),
    ("permission denied: ./run.sh", False),
    ("2 failed, 3 passed", False),
]


@pytest.mark.parametrize(("result", "never"), NEVER, ids=[row[0][:30] for row in NEVER])
def test_a_call_that_never_ran_is_told_by_its_result(result: str, never: bool) -> None:
    assert never_ran(result) == never


@pytest.mark.parametrize(
    ("tool", "runs", "changes"),
    [
        ("Bash", True, False), ("run_command", True, False), ("execute_command", True, False), ("Edit", False, True),
        ("str_replace_editor", False, True), ("apply_patch", False, True), ("TodoWrite", False, False),
        ("BashOutput", False, False), ("Read", False, False), ("mcp__linear__create_issue", False, False),
    ],
)  # fmt: skip
def test_a_tool_is_known_by_its_name(tool: str, runs: bool, changes: bool) -> None:
    assert (runs_commands(tool), changes_files(tool)) == (runs, changes)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('git add . && git commit -m "fix: it\'s $(date)"', ("git commit",)),
        ("git -C shed merge origin/main 2>&1", ("git -C shed merge origin/main",)),
        ("git status && git diff", ()),
        ('gh pr comment 7 --body "see above"', ("gh pr comment 7",)),
        ("pip install -e .", ("pip install -e .",)),
    ],
)
def test_what_a_line_changes_is_told_up_to_its_texts(line: str, found: tuple[str, ...]) -> None:
    assert changing(line) == found


@pytest.mark.parametrize(
    ("output", "names"),
    [
        ("FAILED tests/test_a.py::test_due - assert 1 == 2", ("tests/test_a.py::test_due",)),
        ("--- FAIL: TestDue (0.00s)", ("TestDue",)),
        ("test loans::due ... FAILED", ("loans::due",)),
        ("3 passed", ()),
    ],
)
def test_failing_tests_are_named(output: str, names: tuple[str, ...]) -> None:
    assert failing_tests(output) == names


@given(st.text(max_size=80))
def test_any_line_is_read(line: str) -> None:
    checks(line)
    changing(line)
    squeezed = " ".join(line.replace("\\\n", " ").split())
    for one in simple_commands(line):
        assert one.text
        assert one.text.split()[0] in squeezed or "$" in line or "<" in line or ">" in line
