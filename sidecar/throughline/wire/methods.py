"""The one table of methods: requests from the editor, notifications from the sidecar."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from attrs import frozen

from throughline.wire.state import FileForm, Patch, State

VERSION = 1

Hour: TypeAlias = Literal["never", "stable", "always"]
Role: TypeAlias = Literal["engineer", "qa", "product"]


@frozen
class Options:
    """The `initializationOptions`: the editor's settings, and the demo that plays where there is no key."""

    version: int
    model: str
    compressor: str
    endpoint: str
    window: int
    share: float
    summary: int
    archive: int
    hour: Hour
    demo: str


@frozen
class Nothing:
    """No parameters, or no result beyond success."""


@frozen
class Start:
    """Begins a session."""

    objective: str
    role: Role = "engineer"


@frozen
class Resume:
    """Opens a session of this workspace again."""

    session: str


@frozen
class SessionItem:
    """A session as listed; times are seconds since the epoch."""

    id: str
    objective: str
    started: float
    updated: float
    turns: int
    ended: bool
    recorded: bool


@frozen
class Sessions:
    """The sessions of this workspace, the newest first, and whether a model can be reached for a new one."""

    sessions: list[SessionItem]
    keyed: bool


@frozen
class OpenRecording:
    """Opens a session that another tool recorded, to be read with its summary."""

    path: str


@frozen
class Send:
    """A message of the user's; its turn begins at once, or when the turns before it have ended."""

    text: str


@frozen
class Accepted:
    """The number of the turn that a message opened or will open."""

    turn: int


@frozen
class Compacting:
    """Whether a compaction was made; where not, why."""

    made: bool
    reason: str


@frozen
class Undo:
    """Undoes a compaction by id, or the last one where the id is empty."""

    compaction: str


@frozen
class Pin:
    """Pins or unpins an entry of the ledger."""

    entry: str
    pinned: bool


@frozen
class Inject:
    """Puts files into the view."""

    uris: list[str]
    form: FileForm


@frozen
class Refusal:
    """A file that was not injected, and why."""

    uri: str
    reason: str


@frozen
class Injected:
    """The files that entered the view, and those that did not."""

    paths: list[str]
    refused: list[Refusal]


@frozen
class OneFile:
    """Names a file by its address."""

    uri: str


@frozen
class Difference:
    """What moved since the model saw the file, as Markdown; what it saw, and what it would see now."""

    markdown: str
    seen: str
    now: str


@frozen
class Ended:
    """What a session's end wrote: the archive's path and tokens, and the session's report as Markdown."""

    path: str
    tokens: int
    report: str


@frozen
class Key:
    """The API key from the editor's secret storage; empty to forget it."""

    key: str


@frozen
class Method:
    """A method of the protocol and the types of what it carries."""

    name: str
    params: type[Any]
    result: type[Any] | None


START = Method("throughline/start", Start, State)
RESUME = Method("throughline/resume", Resume, State)
SESSIONS = Method("throughline/sessions", Nothing, Sessions)
DEMO = Method("throughline/demo", Nothing, State)
RECORDING = Method("throughline/recording", OpenRecording, State)
SNAPSHOT = Method("throughline/snapshot", Nothing, State)
SEND = Method("throughline/send", Send, Accepted)
CANCEL = Method("throughline/cancel", Nothing, Nothing)
COMPACT = Method("throughline/compact", Nothing, Compacting)
UNDO = Method("throughline/undo", Undo, Nothing)
PIN = Method("throughline/pin", Pin, Nothing)
INJECT = Method("throughline/inject", Inject, Injected)
REFRESH = Method("throughline/refresh", OneFile, Injected)
DROP = Method("throughline/drop", OneFile, Nothing)
DIFFERENCE = Method("throughline/difference", OneFile, Difference)
END = Method("throughline/end", Nothing, Ended)
KEY = Method("throughline/key", Key, Nothing)
PATCH = Method("throughline/patch", Patch, None)

REQUESTS = (
    START, DEMO, RESUME, SESSIONS, RECORDING, SNAPSHOT, SEND, CANCEL, COMPACT, UNDO, PIN, INJECT, REFRESH, DROP,
    DIFFERENCE, END, KEY,
)  # fmt: skip
NOTIFICATIONS = (PATCH,)
