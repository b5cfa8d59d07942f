"""Permissions of a session's tools: what needs no asking, the user's answer, a checkpoint before anything changes."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from glob import escape
from itertools import pairwise
from pathlib import PurePosixPath

from throughline.agent.rejected_approaches import TOLD, rejected_approaches
from throughline.agent.tool import PermissionRequest, ToolCallContext, ToolPorts
from throughline.domain.errors import UserError
from throughline.domain.events import ApprovalDecided, ApprovalRequested, CheckpointCreated, Notice
from throughline.domain.globs import path_matches
from throughline.domain.permissions import patterns
from throughline.domain.ports import ActError, Allow, Ask, Deny, ResolvedPath

# What would let one command bring along another one.
_CONTROL = r"[^;&|<>`$()\n\r{}]"
# One word of a command line, quotes and all, and what in one is not within quotes.
_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:\\.|[^"\\])*")+""", re.DOTALL)
_QUOTED = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
# What a shell makes file names of: by a link they may lead anywhere.
_GLOB = re.compile(r"[*?\[\\]|(?:^|[=:@,])~")
# Options that name a file to be written, or a program or a setting to be used, in the programs that tools call most.
_RISKY = re.compile(
    r"-[A-Za-z]{0,2}[oc]|-o.+|-(?:exec|ok|delete|fprint|fls).*"
    r"|--?(?:out|exec|ext|eval|command|config|plugin|rsh|to-command|checkpoint-action|use-compress|upload-pack"
    r"|receive-pack|pager|pre(?:$|=)|write|in-place|dump|save|log-file|report|junit|basetemp|rootdir|import).*",
    re.DOTALL,
)
# Where inside a word the name of a file may begin.
_JOINT = re.compile(r"[=:@,]")
_OUTSIDE = "it is outside the workspace"
_GUARDED = "it belongs to the repository or the session, not to the sources"


class AlwaysAllow:
    """Says yes to everything: for tests, and for a copy that nobody will miss."""

    async def ask(self, ask: Ask) -> Allow | Deny:  # noqa: ARG002
        """Yes."""
        return Allow()


class NeverAllow:
    """Says no to everything, with a reason: where there is nobody to ask."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def ask(self, ask: Ask) -> Allow | Deny:  # noqa: ARG002
        """No."""
        return Deny(self._reason)


def is_allowed(want: PermissionRequest, patterns: Iterable[str], place: Callable[[str], ResolvedPath | None]) -> bool:
    """Whether a call may do this without being asked; `place` says where a path leads."""
    spot = want.place
    if want.action != "run":
        if spot is None or (spot.guarded and want.action == "edit"):
            return False
        if want.action == "read" and spot.inside:
            return True
    for one in patterns:
        action, _, fitting = one.partition(":")
        if action == f"{want.action}=":
            fits = fitting == (want.target.strip() if spot is None else spot.path)
        elif action != want.action:
            fits = False
        else:
            fits = _runs(fitting, want.target, place) if spot is None else path_matches(spot.path, fitting)
        if fits:
            return True
    return False


def session_pattern(want: PermissionRequest) -> str:
    """What allowing it for the session would allow: this very command or file, the folder outside, or the workspace's
    files.
    """
    if want.action == "run":
        return f"run=:{want.target.strip()}"
    if want.place is not None and want.place.inside:
        return f"{want.action}=:{want.place.path}" if want.place.guarded else f"{want.action}:**"
    path = want.target if want.place is None else want.place.path
    return f"{want.action}:{escape(PurePosixPath(path).parent.as_posix().rstrip('/'))}/**"


def permission_warning(want: PermissionRequest) -> str:
    """What the user should know of it before saying yes."""
    if want.place is None:
        return ""
    return _OUTSIDE if not want.place.inside else _GUARDED if want.place.guarded else ""


def _runs(fitting: str, command: str, place: Callable[[str], ResolvedPath | None]) -> bool:
    """Whether a pattern with `*` fits a command, and what stands in the place of `*` is nothing but harmless words."""
    command, fitting = command.strip(), fitting.strip()
    if "*" not in fitting:
        return fitting == command
    first, *others = re.split(r"\*+", fitting)
    wanted = re.escape(first)
    for before, after in pairwise((first, *others)):
        # After a whole word at the end more words may come, and no longer word: `pytest*` is not `pytest_other`.
        more = rf"((?:[ \t]{_CONTROL}*)?)" if not after and re.search(r"\w$", before) else f"({_CONTROL}*)"
        wanted += more + re.escape(after)
    fit = re.fullmatch(wanted, command)
    if fit is None:
        return False
    spans = [fit.span(number) for number in range(1, len(others) + 1)]
    words = list(_WORD.finditer(command))
    if _WORD.sub("", command).strip():
        return False  # What cannot be read as words is not let through.
    new = (word[0] for word in words if any(max(word.start(), a) < min(word.end(), b) for a, b in spans))
    return all(_harmless(word, place) for word in new)


def _harmless(word: str, place: Callable[[str], ResolvedPath | None]) -> bool:
    """Whether a word that the user has not seen may be part of a command that they allowed by a pattern."""
    if _GLOB.search(_QUOTED.sub("", word)):
        return False
    plain = "".join(shlex.split(word))
    return not _RISKY.fullmatch(plain) and not any(_leads_out(path, place) for path in _paths(plain))


def _paths(word: str) -> Iterator[str]:
    """What in a word may be a path: all of it, what stands behind its joints, and what an option has grown together
    with.
    """
    yield word
    for joint in _JOINT.finditer(word):
        yield word[joint.end() :]
    if word.startswith("-"):
        yield word[2:]
        if "/" in word:
            yield word[word.index("/") :]


def _leads_out(word: str, place: Callable[[str], ResolvedPath | None]) -> bool:
    """Whether a word names a path outside, by its links too, or one that is not the agent's."""
    if not word:
        return False
    spot = place(word)
    return spot is None or not spot.inside or spot.guarded


class RefusedCallError(ActError):
    """A call may not go on; the line is the model's to read."""


class PermissionGate:
    """Lets calls through, one after another, and remembers for each turn what it has said and kept."""

    def __init__(self, ports: ToolPorts) -> None:
        self._ports = ports
        self._told: set[tuple[int, str]] = set()
        self._kept = 0
        self._unread = False

    async def check(self, tool: str, wants: Sequence[PermissionRequest], work: ToolCallContext) -> str:
        """What the model should know of a call that may run, beside its result. Raises RefusedCallError where it may
        not run.
        """
        for want in wants:
            await self._permit(tool, want, work)
        if any(want.action != "read" for want in wants):
            await self._keep(work)
        return await self._reminder(wants, work)

    async def _reminder(self, wants: Sequence[PermissionRequest], work: ToolCallContext) -> str:
        """What was ruled out and looks like this call, told once a turn. Words are no proof, so that the call runs."""
        session = work.session
        # The whole session is looked through where anything is shared at all.
        looked = [await asyncio.to_thread(rejected_approaches, session, want, work.id) for want in wants]
        found = {entry.id: entry for entries in looked for entry in entries}
        new = [entry for entry in found.values() if (work.turn, entry.id) not in self._told]
        if not new:
            return ""
        self._told |= {(work.turn, entry.id) for entry in new}
        lines = (f"- {one.id}: {one.text}{f' — {one.why}' if one.why else ''}" for one in new)
        return "\n".join((
            TOLD, *lines,
            "If it is that, take it back and take another way; if not, go on. If it no longer holds, retire it by its "
            "id with update_memory.]",
        ))  # fmt: skip

    async def _permit(self, tool: str, want: PermissionRequest, work: ToolCallContext) -> None:
        given = await self._given(work)
        if is_allowed(want, (*self._ports.allowed, *given), self._place):
            return
        ask = Ask(
            work.turn,
            work.id,
            tool,
            want.action,
            want.target,
            want.detail,
            permission_warning(want),
            session_pattern(want),
        )
        await work.log.record(ApprovalRequested(work.turn, work.id, want.action, want.target, ask.why))
        answer = await self._ports.approver.ask(ask)
        if isinstance(answer, Allow):
            await work.log.record(ApprovalDecided(work.turn, work.id, allowed=True, pattern=answer.pattern))
            if answer.pattern:
                await self._allow(answer.pattern, work)
            return
        await work.log.record(ApprovalDecided(work.turn, work.id, allowed=False, reason=answer.reason))
        why = f": {answer.reason}" if answer.reason.strip() else ". Ask what they would rather have"
        raise RefusedCallError(f"The user did not allow this{why}")

    async def _given(self, work: ToolCallContext) -> tuple[str, ...]:
        """What the user allowed for this session before. Nothing of it is taken from the log: that lies in the
        workspace, and whoever wrote it could have allowed anything.
        """
        try:
            return await asyncio.to_thread(patterns, self._ports.permissions, work.session.id)
        except UserError as error:
            if not self._unread:
                self._unread = True
                await work.log.record(Notice(str(error)))
            return ()

    async def _allow(self, fitting: str, work: ToolCallContext) -> None:
        try:
            await asyncio.to_thread(self._ports.permissions.allow, work.session.id, fitting)
        except UserError as error:
            await work.log.record(Notice(str(error)))

    def _place(self, path: str) -> ResolvedPath | None:
        try:
            return self._ports.files.place(path)
        except ActError:
            return None

    async def _keep(self, work: ToolCallContext) -> None:
        """Makes the turn's checkpoint, where it has none yet; a turn goes on without one, and says so."""
        if self._kept == work.turn or any(one.turn == work.turn for one in work.session.checkpoints):
            return
        self._kept = work.turn
        label = f"{work.session.id}/{work.turn}"
        try:
            made = await asyncio.to_thread(self._ports.checkpoints.take, label)
        except UserError as error:
            await work.log.record(Notice(f"There is no checkpoint before turn {work.turn}: {error}"))
            return
        await work.log.record(CheckpointCreated(work.turn, made.id, made.how, made.left_out))
