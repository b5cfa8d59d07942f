"""The one table of methods: requests from the editor, notifications from the sidecar."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from throughline.protocol.messages import (
    AcceptArchive,
    Accepted,
    AddEntry,
    ApprovalAnswer,
    ArchiveChange,
    Archived,
    ChangeEntryKind,
    ChangeLog,
    Changes,
    Compacting,
    Difference,
    EditEntry,
    Empty,
    Ended,
    EntryId,
    Exported,
    FindFiles,
    Findings,
    FoundFiles,
    Inject,
    Injected,
    KeepRuleMine,
    Key,
    LedgerChange,
    Models,
    OneFile,
    OneSession,
    OpenRecording,
    PinEntry,
    Previewed,
    RecallMatches,
    RecallQuery,
    Rename,
    Report,
    ResolveEntry,
    Resume,
    Rewrite,
    Rewritten,
    Send,
    Sessions,
    SessionTranscript,
    SetRoleAndModel,
    Start,
    Undo,
)
from throughline.protocol.state import Patch, State

VERSION = 1


@frozen
class Method:
    """A method of the protocol and the types of what it carries."""

    name: str
    params: type[Any]
    result: type[Any] | None


START = Method("throughline/start", Start, State)
RESUME = Method("throughline/resume", Resume, State)
SESSIONS = Method("throughline/sessions", Empty, Sessions)
DEMO = Method("throughline/demo", Empty, State)
RECORDING = Method("throughline/recording", OpenRecording, State)
SNAPSHOT = Method("throughline/snapshot", Empty, State)
SEND = Method("throughline/send", Send, Accepted)
RETRY = Method("throughline/retry", Empty, Accepted)
ANSWER = Method("throughline/approval/answer", ApprovalAnswer, Empty)
CANCEL = Method("throughline/cancel", Empty, Empty)
COMPACT = Method("throughline/compact", Empty, Compacting)
UNDO = Method("throughline/undo", Undo, Empty)
PIN = Method("throughline/ledger/pin", PinEntry, LedgerChange)
KEEP_MINE = Method("throughline/ledger/keep_mine", KeepRuleMine, LedgerChange)
EDIT = Method("throughline/ledger/edit", EditEntry, LedgerChange)
RESOLVE = Method("throughline/ledger/resolve", ResolveEntry, LedgerChange)
REOPEN = Method("throughline/ledger/reopen", EntryId, LedgerChange)
RECAST = Method("throughline/ledger/recast", ChangeEntryKind, LedgerChange)
DELETE = Method("throughline/ledger/delete", EntryId, LedgerChange)
ADD = Method("throughline/ledger/add", AddEntry, LedgerChange)
TAKE_BACK = Method("throughline/ledger/undo", LedgerChange, Empty)
REWRITE = Method("throughline/ledger/rewrite", Rewrite, Rewritten)
INJECT = Method("throughline/inject", Inject, Injected)
REFRESH = Method("throughline/refresh", OneFile, Injected)
DROP = Method("throughline/drop", OneFile, Empty)
DIFFERENCE = Method("throughline/difference", OneFile, Difference)
END = Method("throughline/end", Empty, Ended)
ARCHIVE_CHANGE = Method("throughline/archive/change", Empty, ArchiveChange)
ARCHIVE_PROPOSE = Method("throughline/archive/propose", Empty, ArchiveChange)
ARCHIVE_ACCEPT = Method("throughline/archive/accept", AcceptArchive, Archived)
ARCHIVE_REJECT = Method("throughline/archive/reject", Empty, Empty)
PREVIEW = Method("throughline/preview/show", Empty, Previewed)
APPLY = Method("throughline/preview/apply", Empty, Compacting)
DISMISS = Method("throughline/preview/dismiss", Empty, Empty)
CREW = Method("throughline/crew/change", SetRoleAndModel, State)
RECALL = Method("throughline/search/recall", RecallQuery, RecallMatches)
FILES = Method("throughline/search/files", FindFiles, FoundFiles)
CHANGES = Method("throughline/search/changes", Changes, ChangeLog)
REPORT = Method("throughline/session/report", Empty, Report)
FORGET = Method("throughline/session/forget", OneSession, State)
RENAME = Method("throughline/session/rename", Rename, Empty)
READ = Method("throughline/session/read", OneSession, SessionTranscript)
EXPORT = Method("throughline/session/export", OneSession, Exported)
DOCTOR = Method("throughline/doctor", Empty, Findings)
MODELS = Method("throughline/session/models", Empty, Models)
KEY = Method("throughline/key", Key, Empty)
PATCH = Method("throughline/patch", Patch, None)

REQUESTS = (
    START,
    DEMO,
    RESUME,
    SESSIONS,
    RECORDING,
    SNAPSHOT,
    SEND,
    RETRY,
    ANSWER,
    CANCEL,
    COMPACT,
    UNDO,
    PIN,
    KEEP_MINE,
    EDIT,
    RESOLVE,
    REOPEN,
    RECAST,
    DELETE,
    ADD,
    TAKE_BACK,
    REWRITE,
    INJECT,
    REFRESH,
    DROP,
    DIFFERENCE,
    END,
    ARCHIVE_CHANGE,
    ARCHIVE_PROPOSE,
    ARCHIVE_ACCEPT,
    ARCHIVE_REJECT,
    PREVIEW,
    APPLY,
    DISMISS,
    CREW,
    RECALL,
    FILES,
    CHANGES,
    REPORT,
    FORGET,
    RENAME,
    READ,
    EXPORT,
    DOCTOR,
    MODELS,
    KEY,
)
NOTIFICATIONS = (PATCH,)
