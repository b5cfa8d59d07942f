"""Permissions: kept outside of the workspace, by machine and folder, and never taken from a log."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from throughline.app.container import Container
from throughline.cli.main import commands
from throughline.domain.errors import UserError
from throughline.domain.events import ApprovalDecided, ApprovalRequested, Notice, SessionStarted
from throughline.domain.permissions import MemoryPermissions, Permissions, patterns
from throughline.domain.ports import Allow, Deny
from throughline.protocol.settings import SETTINGS
from throughline.workspace.agent_filesystem import AgentFilesystem
from throughline.workspace.permission_store import FilePermissions, PermissionsError
from throughline.workspace.user_state import user_state_folder
from unit.tool_harness import ScriptedApprover, ToolHarness


@pytest.mark.parametrize("made", [MemoryPermissions, FilePermissions])
def test_what_was_allowed_is_listed_once_and_can_be_taken_back(tmp_path: Path, made: type) -> None:
    kept: Permissions = MemoryPermissions() if made is MemoryPermissions else FilePermissions(tmp_path / "w", tmp_path)
    for session, pattern in (("s", "edit:**"), ("s", "edit:**"), ("s", "run=:x"), ("t", "run=:x")):
        kept.allow(session, pattern)
    assert [(one.session, one.pattern) for one in kept.given()] == [
        ("s", "edit:**"), ("s", "run=:x"), ("t", "run=:x"),
    ]  # fmt: skip
    assert patterns(kept, "s") == ("edit:**", "run=:x")
    assert patterns(kept, "another") == ()
    assert [one.session for one in kept.withdraw(pattern="run=:x", session="t")] == ["t"]
    assert [one.pattern for one in kept.withdraw(pattern="run=:x")] == ["run=:x"]
    assert kept.withdraw(pattern="run=:x") == ()
    assert [one.pattern for one in kept.withdraw()] == ["edit:**"]
    assert kept.given() == ()


def test_they_are_those_of_one_folder_on_one_machine(tmp_path: Path) -> None:
    here = FilePermissions(tmp_path / "a", tmp_path / "state", "desk")
    here.allow("s", "edit:**")
    assert patterns(FilePermissions(tmp_path / "a", tmp_path / "state", "desk"), "s") == ("edit:**",)
    assert FilePermissions(tmp_path / "b", tmp_path / "state", "desk").given() == ()
    assert FilePermissions(tmp_path / "a", tmp_path / "state", "other").given() == ()
    # A file under the right name that was made for another folder proves nothing either.
    other = FilePermissions(tmp_path / "b", tmp_path / "state", "desk")
    other.path.write_bytes(here.path.read_bytes())
    assert other.given() == ()


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_the_file_is_its_owners_alone_and_outside_of_the_workspace(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    kept = FilePermissions(work, tmp_path / "state")
    kept.allow("s", "edit:**")
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert kept.path.parent.stat().st_mode & 0o777 == 0o700
    assert list(work.iterdir()) == []
    assert [path.name for path in kept.path.parent.iterdir()] == [kept.path.name]


DAMAGED = [b"", b"{", b"[]", b"\xff", b'{"machine": 1}', b"null"]


@pytest.mark.parametrize("text", [*DAMAGED, "rows"])
def test_a_damaged_file_grants_nothing_and_says_so(tmp_path: Path, text: bytes | str) -> None:
    kept = FilePermissions(tmp_path / "a", tmp_path / "state")
    kept.allow("s", "edit:**")
    if isinstance(text, str):
        told = json.loads(kept.path.read_text())
        kept.path.write_text(json.dumps({**told, "permissions": [{"pattern": 3, "session": "s", "at": 0}]}))
    else:
        kept.path.write_bytes(text)
    with pytest.raises(PermissionsError, match="Delete it"):
        kept.given()


def test_a_workspace_that_holds_the_users_own_folder_keeps_nothing_there(tmp_path: Path) -> None:
    kept = FilePermissions(tmp_path, tmp_path / "state")
    with pytest.raises(PermissionsError, match="until this window"):
        kept.allow("s", "edit:**")
    assert patterns(kept, "s") == ("edit:**",)
    assert FilePermissions(tmp_path, tmp_path / "state").given() == ()
    assert not kept.path.exists()
    kept.withdraw("s")
    assert kept.given() == ()


PLANTED = ["edit:**", "run:*", "run:touch x", "run=:touch x", "read:/**"]


@pytest.mark.parametrize("pattern", PLANTED)
async def test_a_log_that_says_that_it_was_allowed_grants_nothing(tmp_path: Path, pattern: str) -> None:
    tools = ToolHarness(
        tmp_path, ScriptedApprover(Deny("no")), permissions=FilePermissions(tmp_path / "w", tmp_path / "state")
    )
    await tools.log.record(ApprovalDecided(1, "c0", allowed=True, pattern=pattern))
    for tool, args in (
        ("write_file", {"path": "a.py", "text": "x"}),
        ("run_command", {"command": "touch x"}),
        ("read_file", {"path": "/etc/hosts"}),
    ):
        assert (await tools.call(tool, **args)).text.startswith("The user did not allow this")
    assert len(tools.kept(ApprovalRequested)) == 3
    assert not (tmp_path / "x").exists()


async def test_what_was_allowed_for_a_session_holds_when_it_is_resumed_and_until_it_is_taken_back(
    tmp_path: Path,
) -> None:
    (tmp_path / "work").mkdir()
    kept = FilePermissions(tmp_path / "work", tmp_path / "state")
    first = ToolHarness(tmp_path / "work", ScriptedApprover(Allow("run=:echo 'a*'")), permissions=kept)
    assert not (await first.call("run_command", command="echo 'a*'")).error
    again = FilePermissions(tmp_path / "work", tmp_path / "state")
    resumed = ToolHarness(tmp_path / "work", ScriptedApprover(Deny("no")), permissions=again)
    assert not (await resumed.call("run_command", command="echo 'a*'")).error
    assert (await resumed.call("run_command", command="echo 'ab'")).error
    kept.withdraw(pattern="run=:echo 'a*'")
    assert (await resumed.call("run_command", command="echo 'a*'")).error


async def test_another_session_in_the_folder_asks_anew(tmp_path: Path) -> None:
    kept = FilePermissions(tmp_path / "w", tmp_path / "state")
    tools = ToolHarness(tmp_path, ScriptedApprover(Allow("edit:**"), Deny("no")), permissions=kept)
    assert not (await tools.call("write_file", path="a", text="x")).error
    await tools.log.record(SessionStarted("another", "", "engineer", "p", "m", 200_000, "live"))
    assert (await tools.call("write_file", path="b", text="x")).error


async def test_permissions_that_cannot_be_kept_or_read_are_told_and_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    kept = FilePermissions(tmp_path / "w", tmp_path / "state")
    tools = ToolHarness(tmp_path, ScriptedApprover(Allow("edit:**"), Deny("no")), permissions=kept)
    assert not (await tools.call("write_file", path="a", text="x")).error
    assert not (await tools.call("write_file", path="b", text="x")).error, "it holds in this process"
    assert any("cannot be" in event.text for event in tools.kept(Notice))


@pytest.mark.skipif(sys.platform == "win32", reason="the folder is found by another variable there")
def test_where_permissions_are_kept_is_never_edited_unasked(tmp_path: Path) -> None:
    place = AgentFilesystem(tmp_path).place(str(user_state_folder() / "permissions" / "x.json"))
    assert (place.inside, place.guarded) == (False, True)
    assert Path(place.path).is_absolute()


def test_a_workspaces_own_settings_cannot_allow_anything() -> None:
    (allowed,) = (one for one in SETTINGS if one.name == "allowed")
    assert allowed.scope == "machine", "an editor reads no setting of this scope from a workspace's settings.json"
    package = json.loads((Path(__file__).parents[2] / "extension" / "package.json").read_text(encoding="utf-8"))
    trust = package["capabilities"]["untrustedWorkspaces"]
    assert "throughline.allowed" in trust["restrictedConfigurations"]
    assert package["contributes"]["configuration"]["properties"]["throughline.allowed"]["scope"] == "machine"


def told(project: Path, *options: str) -> str:
    """What the command line says of a project's permissions."""
    result = CliRunner().invoke(commands, ["permissions", "--project", str(project), *options], obj=Container())
    if result.exception:
        raise result.exception
    return result.output


def test_the_command_line_lists_what_was_allowed_and_takes_it_back(tmp_path: Path) -> None:
    assert "Nothing was allowed" in told(tmp_path)
    kept = FilePermissions(tmp_path)
    for session, pattern in (("s1", "edit:**"), ("s1", "run=:rm -f *.o"), ("s2", "run=:echo \x1b[2J")):
        kept.allow(session, pattern)
    assert "run=:rm -f *.o  in session s1" in told(tmp_path)
    assert "\x1b" not in told(tmp_path)
    assert "s2" not in told(tmp_path, "--session", "s1")
    assert [one["pattern"] for one in json.loads(told(tmp_path, "--json"))] == [one.pattern for one in kept.given()]
    with pytest.raises(UserError, match="Nobody allowed run=:other here"):
        told(tmp_path, "--forget", "run=:other")
    assert told(tmp_path, "--forget", "run=:rm -f *.o") == "Taken back: 1 permission.\n"
    assert [one.pattern for one in kept.given()] == ["edit:**", "run=:echo \x1b[2J"]
    assert told(tmp_path, "--forget-all") == "Taken back: 2 permissions.\n"
    assert kept.given() == ()
