"""Messages of the editor's requests, and what they are answered with."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from throughline.domain.settings import UserSettings
from throughline.protocol.state import EntryKind, FileForm, Row

Role: TypeAlias = Literal["engineer", "qa", "product"]


@frozen(kw_only=True)
class Options(UserSettings):
    """The `initializationOptions`: the editor's settings, and the demo that plays where there is no key."""

    version: int
    demo: str
    max_context: int = 160_000


@frozen
class Empty:
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
    """A message of the user's; its turn begins at once, or when the turns before it have ended. The `files` that it
    mentions, by their workspace paths, enter the view as skeletons first.
    """

    text: str
    files: list[str]


@frozen
class ApprovalAnswer:
    """The user's answer to a call that asks: whether it may act, whether that holds for the session, and why not."""

    call: str
    allowed: bool
    session: bool
    reason: str


@frozen
class Accepted:
    """The number of the turn that a message opened or will open, and why files that it mentions did not enter."""

    turn: int
    refused: list[str]


@frozen
class Compacting:
    """Whether a compaction was made; where not, why."""

    made: bool
    reason: str


@frozen
class Previewed:
    """What a compaction would do, as Markdown."""

    markdown: str


@frozen
class Undo:
    """Undoes a compaction by id, or the last one where the id is empty."""

    compaction: str


@frozen
class PinEntry:
    """Pins or unpins an entry of the ledger."""

    entry: str
    pinned: bool


@frozen
class KeepRuleMine:
    """Keeps a rule on this machine, or shares it with the project's archive."""

    entry: str
    mine: bool


@frozen
class EntryId:
    """Names an entry of the ledger."""

    entry: str


@frozen
class EditEntry:
    """Words an entry anew; a reason or an owner that is null stays, and an empty one is taken out."""

    entry: str
    text: str
    why: str | None
    owner: str | None


@frozen
class ResolveEntry:
    """Ends an entry, with what came of it."""

    entry: str
    resolution: str


@frozen
class ChangeEntryKind:
    """Makes an entry one of another kind."""

    entry: str
    to: EntryKind


@frozen
class AddEntry:
    """Enters something into the ledger."""

    kind: EntryKind
    text: str
    why: str
    owner: str


@frozen
class LedgerChange:
    """What the user did to the ledger: the step by which it can be taken back, 0 where nothing changed."""

    step: int


@frozen
class Rewrite:
    """The summary as it was shown, and what the user made of it."""

    base: str
    edited: str


@frozen
class Rewritten:
    """What an edit of the summary did: how many changes, and the summary after it."""

    changes: int
    summary: str


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
    """What a session's end wrote: the archive's path and tokens, and the session's report as Markdown. The archive is
    not written yet where its change was only `proposed`.
    """

    path: str
    tokens: int
    proposed: bool
    report: str


@frozen
class ArchiveChange:
    """The archive as it is and as it would be; `waits` where that is a change which can be accepted."""

    base: str
    text: str
    waits: bool


@frozen
class AcceptArchive:
    """Writes the change that waits into the archive, or what the user has made of it."""

    edited: str | None


@frozen
class Archived:
    """The archive as it was written; tokens are o200k."""

    path: str
    tokens: int


@frozen
class SetRoleAndModel:
    """The role and the model of the session from here on; null stays as it is."""

    role: Role | None
    model: str | None


@frozen
class RecallQuery:
    """Looks for where all these words were said, in the open session or in all of the workspace."""

    words: str
    everywhere: bool


@frozen
class RecallMatch:
    """A place where something was said; `row` is the chat row of its turn."""

    session: str
    objective: str
    turn: int
    said: str
    excerpt: str
    row: str


@frozen
class RecallMatches:
    """Places, the best first."""

    places: list[RecallMatch]


@frozen
class FindFiles:
    """Looks for files of the workspace whose path fits what is being typed."""

    query: str


@frozen
class FoundFiles:
    """Workspace paths, the best first."""

    paths: list[str]


@frozen
class Changes:
    """Asks what changed: nothing for what is not committed, REV, A..B, or A...B from where they parted."""

    revisions: str


@frozen
class ChangeLog:
    """One bullet for each file, as Markdown."""

    markdown: str


@frozen
class OneSession:
    """Names a session of this workspace by its id."""

    session: str


@frozen
class Report:
    """The report of the open session, as Markdown."""

    markdown: str


@frozen
class ModelItem:
    """A model that can be chosen: its id, its name, and its context and prices in one line."""

    id: str
    name: str
    detail: str


@frozen
class Models:
    """The models that the key or the endpoint offers, and what is to say about the chosen ones."""

    models: list[ModelItem]
    remarks: list[str]


@frozen
class Key:
    """The API key from the editor's secret storage; empty to forget it."""

    key: str


@frozen
class Rename:
    """Gives a session of this workspace another name; the model is told what it is for as before."""

    session: str
    name: str


@frozen
class SessionTranscript:
    """A session to be read, whether it is open or not."""

    objective: str
    role: str
    model: str
    rows: list[Row]


@frozen
class Exported:
    """A session as a neutral transcript: a line of JSON for each thing that was said, called or returned."""

    text: str


@frozen
class Finding:
    """One thing that the doctor looked at; where it is not well, `mend` says what to do."""

    what: str
    well: bool
    mend: str


@frozen
class Findings:
    """What the doctor found."""

    findings: list[Finding]
