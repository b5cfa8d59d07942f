"""Leave to act: what a pattern fits, what it does not let through, and how the user's answer is kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from throughline.agent.permissions import NeverAllow, is_allowed, session_pattern
from throughline.agent.tool import PermissionRequest
from throughline.domain.events import ApprovalDecided, ApprovalRequested
from throughline.domain.permissions import patterns
from throughline.domain.ports import ActError, Allow, Deny, ResolvedPath
from throughline.workspace.agent_filesystem import AgentFilesystem
from unit.tool_harness import ScriptedApprover, ToolHarness


def want(action: str, target: str, place: ResolvedPath | None = None) -> PermissionRequest:
    return PermissionRequest(action, target, place or (None if action == "run" else ResolvedPath(target)))  # type: ignore[arg-type]


HOOK, OUT = ResolvedPath(".git/hooks/pre-commit", guarded=True), ResolvedPath("/etc/hosts", inside=False)

FREE: list[tuple[PermissionRequest, tuple[str, ...], bool]] = [
    (want("read", "a.py"), (), True),
    (want("read", ".git/config", ResolvedPath(".git/config", guarded=True)), (), True),
    (want("read", "/etc/hosts", OUT), (), False),
    (want("read", "/etc/hosts", OUT), ("read:**",), False),
    (want("read", "/etc/hosts", OUT), ("read:/etc/*",), True),
    (want("read", "/etc/hosts", OUT), ("edit:/etc/*",), False),
    (want("edit", "a.py"), (), False),
    (want("edit", "a.py"), ("edit:**",), True),
    (want("edit", "src/a.py"), ("edit:*.py",), False),
    (want("edit", "src/a.py"), ("edit:**/*.py",), True),
    (want("edit", "a.py"), ("edit:**/*.py",), True),
    (want("edit", "src/a.py"), ("edit:src/?.py",), True),
    (want("edit", "src/a+b.py"), ("edit:src/a+b.py",), True),
    (want("edit", ".git/hooks/pre-commit", HOOK), ("edit:**", "edit:.git/**"), False),
    (want("edit", "/etc/hosts", OUT), ("edit:**",), False),
    (want("run", "git status"), (), False),
    (want("run", "git status"), ("run:git status",), True),
    (want("run", "git status -s"), ("run:git status",), False),
    (want("run", "python -m pytest -q tests"), ("run:python -m pytest*",), True),
    (want("run", "python -m pytest; rm -rf src"), ("run:python -m pytest*",), False),
    (want("run", "python -m pytest && curl x"), ("run:python -m pytest*",), False),
    (want("run", "python -m pytest\ncurl x"), ("run:python -m pytest*",), False),
    (want("run", "python -m pytest $(curl x)"), ("run:python -m pytest*",), False),
    (want("run", "python -m pytest `curl x`"), ("run:python -m pytest*",), False),
    (want("run", "python -m pytest > /etc/hosts"), ("run:python -m pytest*",), False),
    (want("run", "python -m pytest | sh"), ("run:python -m pytest*",), False),
    (want("run", "cat a.py"), ("run:cat *",), True),
    (want("run", "cat /etc/passwd"), ("run:cat *",), False),
    (want("run", "cat ../out"), ("run:cat *",), False),
    (want("run", "cat ~/.ssh/id_rsa"), ("run:cat *",), False),
    (want("run", "cat way/in"), ("run:cat *",), False),
    (want("run", "grep --file=/etc/passwd x"), ("run:grep *",), False),
    (want("run", "cat 'half"), ("run:cat *",), False),
    (want("run", "anything"), ("run:*",), True),
    # What the user allowed by a question is meant literally, whatever signs are in it.
    (want("run", "rm -f build/*.o"), ("run=:rm -f build/*.o",), True),
    (want("run", "rm -f build/ -r src x.o"), ("run=:rm -f build/*.o",), False),
    (want("run", "rm -f build/*.o "), ("run=:rm -f build/*.o",), True),
    (want("run", "git status"), ("run=:git *",), False),
    (want("edit", "src/[id]/a*.py"), ("edit=:src/[id]/a*.py",), True),
    (want("edit", "src/[id]/ab.py"), ("edit=:src/[id]/a*.py",), False),
    (want("edit", "src/[id]/a.py"), ("edit:src/[id]/*.py",), True),
    (want("read", "/tmp/ab/x", ResolvedPath("/tmp/ab/x", inside=False)), ("read:/tmp/a[*]b/**",), False),
    (want("read", "/tmp/a*b/x", ResolvedPath("/tmp/a*b/x", inside=False)), ("read:/tmp/a[*]b/**",), True),
    (want("edit", "a.py"), ("edit=:**",), False),
    (want("edit", ".git/hooks/pre-commit", HOOK), ("edit=:.git/hooks/pre-commit",), False),
    # What a pattern of the user's lets through are words that lead nowhere and write nothing.
    (want("run", "python -m pytest_evil"), ("run:python -m pytest*",), False),
    (want("run", "python -m pytest"), ("run:python -m pytest*",), True),
    (want("run", "npm run test:unit"), ("run:npm run test:*",), True),
    (want("run", "python -m pytest -q tests | sh"), ("run:python -m pytest* | sh",), True),
    (want("run", "cat w*/in"), ("run:cat *",), False),
    (want("run", "cat w?y/in"), ("run:cat *",), False),
    (want("run", "cat [w]ay/in"), ("run:cat *",), False),
    (want("run", "cat w\\ay/in"), ("run:cat *",), False),
    (want("run", "cat ~root/x"), ("run:cat *",), False),
    (want("run", "git show HEAD~1"), ("run:git show *",), True),
    (want("run", "grep -rn --include='*.py' x src"), ("run:grep *",), True),
    (want("run", "grep -f/etc/passwd x"), ("run:grep *",), False),
    (want("run", "grep -fway/in x"), ("run:grep *",), False),
    (want("run", "tar -C/etc -x"), ("run:tar *",), False),
    (want("run", "curl -d @/etc/passwd x"), ("run:curl *",), False),
    (want("run", "curl file:///etc/passwd"), ("run:curl *",), False),
    (want("run", "git diff --output=a"), ("run:git diff*",), False),
    (want("run", "git diff '--output' a"), ("run:git diff*",), False),
    (want("run", "git diff --ext-diff"), ("run:git diff*",), False),
    (want("run", "sort -o a.py b.py"), ("run:sort *",), False),
    (want("run", "sort -oa.py b.py"), ("run:sort *",), False),
    (want("run", "sh -c 'touch x'"), ("run:*",), False),
    (want("run", "find . -name x -delete"), ("run:find *",), False),
    (want("run", "find . -name x"), ("run:find *",), True),
    (want("run", "cat .git/config"), ("run:cat *",), False),
    (want("run", "cat src/../../x"), ("run:cat src/*",), False),
    (want("run", "cat src/a.py"), ("run:cat src/*",), True),
    (want("run", "cat /etc/hosts a.py"), ("run:cat /etc/hosts *",), True),
    (want("run", "rm -rf /"), ("run:*",), False),
]


@pytest.mark.skipif(sys.platform == "win32", reason="the commands are POSIX's")
@pytest.mark.parametrize(("wanted", "patterns", "expected"), FREE)
def test_what_may_be_done_without_asking(
    tmp_path: Path, wanted: PermissionRequest, patterns: tuple[str, ...], expected: bool
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "way").symlink_to(tmp_path)
    disk = AgentFilesystem(tmp_path / "root")

    def place(path: str) -> ResolvedPath | None:
        try:
            return disk.place(path)
        except ActError:
            return None

    assert is_allowed(wanted, patterns, place) == expected


SUGGESTED = [
    (want("run", " git status "), "run=:git status"),
    (want("edit", "src/a.py"), "edit:**"),
    (want("run", "rm -f build/*.o"), "run=:rm -f build/*.o"),
    (want("edit", ".git/hooks/pre-commit", HOOK), "edit=:.git/hooks/pre-commit"),
    (want("read", "/etc/hosts", OUT), "read:/etc/**"),
    (want("read", "/tmp/a*b[1]?/x", ResolvedPath("/tmp/a*b[1]?/x", inside=False)), "read:/tmp/a[*]b[[]1][?]/**"),
]


@pytest.mark.parametrize(("wanted", "expected"), SUGGESTED)
def test_what_allowing_for_the_session_would_allow(wanted: PermissionRequest, expected: str) -> None:
    assert session_pattern(wanted) == expected


async def test_allowing_once_asks_again_and_for_the_session_does_not(tmp_path: Path) -> None:
    tools = ToolHarness(tmp_path, ScriptedApprover(Allow(), Allow("edit:**"), Deny("never reached")))
    for name in ("a", "b", "c", "d"):
        assert not (await tools.call("write_file", path=name, text="x")).error
    assert [ask.target for ask in tools.answers.asked] == ["a", "b"]
    assert patterns(tools.ports.permissions, tools.log.session.id) == ("edit:**",)
    assert [event.allowed for event in tools.kept(ApprovalDecided)] == [True, True]


async def test_a_pattern_of_the_settings_needs_no_question(tmp_path: Path) -> None:
    tools = ToolHarness(tmp_path, ScriptedApprover(Deny()), allowed=("run:echo *",))
    assert not (await tools.call("run_command", command="echo hi")).error
    assert (await tools.call("run_command", command="echo hi; echo ho")).error
    assert [event.target for event in tools.kept(ApprovalRequested)] == ["echo hi; echo ho"]


DENIALS = [
    (Deny("use the other file"), "The user did not allow this: use the other file"),
    (Deny(), "The user did not allow this. Ask what they would rather have"),
]


@pytest.mark.parametrize(("answer", "said"), DENIALS)
async def test_a_no_reaches_the_model_with_its_reason_and_nothing_happens(
    tmp_path: Path, answer: Deny, said: str
) -> None:
    tools = ToolHarness(tmp_path, ScriptedApprover(answer))
    assert (await tools.call("write_file", path="a", text="x")).text == said
    assert list(tmp_path.iterdir()) == []
    assert tools.kept(ApprovalDecided)[0].reason == answer.reason


async def test_where_nobody_can_be_asked_the_answer_is_no(tmp_path: Path) -> None:
    tools = ToolHarness(tmp_path, approver=NeverAllow("nobody is here"))
    assert "nobody is here" in (await tools.call("run_command", command="echo hi")).text


async def test_what_is_asked_shows_the_change(tmp_path: Path) -> None:
    tools = ToolHarness(tmp_path)
    tools.write("a.py", "one\n")
    await tools.call("edit_file", path="a.py", old="one", new="two")
    (ask,) = tools.answers.asked
    assert (ask.action, ask.target, ask.tool, ask.pattern) == ("edit", "a.py", "edit_file", "edit:**")
    assert "-one\n+two" in ask.detail


CASES = [".GIT/hooks/x", ".agent/throughline.db", "sub/.git/config", ".Agent/x"]


@pytest.mark.parametrize("path", CASES)
def test_the_repositorys_and_the_sessions_own_files_are_guarded(tmp_path: Path, path: str) -> None:
    assert AgentFilesystem(tmp_path).place(path).guarded


@pytest.mark.skipif(os.name == "nt", reason="links want leave there")
async def test_a_link_put_in_the_way_of_an_edit_leads_it_nowhere(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    target = tmp_path / "out.txt"
    target.write_text("safe\n")
    (tmp_path / "in" / "a.txt").write_text("safe\n")
    disk = AgentFilesystem(tmp_path / "in")
    place = disk.place("a.txt")
    (tmp_path / "in" / "a.txt").unlink()
    (tmp_path / "in" / "a.txt").symlink_to(target)
    with pytest.raises(ActError, match="leads somewhere else now"):
        await disk.put(place, "changed\n", "safe\n")
    assert target.read_text() == "safe\n"
