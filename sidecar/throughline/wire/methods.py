"""The one table of methods: requests from the editor, notifications from the sidecar."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from throughline.wire.messages import (
    AcceptArchive,
    Accepted,
    Add,
    Answer,
    ArchiveChange,
    Archived,
    Changed,
    ChangeLog,
    Changes,
    Compacting,
    Crew,
    Difference,
    Edit,
    Ended,
    FindFiles,
    FoundFiles,
    Inject,
    Injected,
    Key,
    Models,
    Nothing,
    OneEntry,
    OneFile,
    OneSession,
    OpenRecording,
    Pin,
    Places,
    Previewed,
    Recall,
    Recast,
    Report,
    Resolve,
    Resume,
    Rewrite,
    Rewritten,
    Send,
    Sessions,
    Start,
    Undo,
)
from throughline.wire.state import Patch, State
from throughline.wire.visits import Exported, Findings, Reading, Rename

VERSION = 1


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
ANSWER = Method("throughline/approval/answer", Answer, Nothing)
CANCEL = Method("throughline/cancel", Nothing, Nothing)
COMPACT = Method("throughline/compact", Nothing, Compacting)
UNDO = Method("throughline/undo", Undo, Nothing)
PIN = Method("throughline/ledger/pin", Pin, Changed)
EDIT = Method("throughline/ledger/edit", Edit, Changed)
RESOLVE = Method("throughline/ledger/resolve", Resolve, Changed)
REOPEN = Method("throughline/ledger/reopen", OneEntry, Changed)
RECAST = Method("throughline/ledger/recast", Recast, Changed)
DELETE = Method("throughline/ledger/delete", OneEntry, Changed)
ADD = Method("throughline/ledger/add", Add, Changed)
TAKE_BACK = Method("throughline/ledger/undo", Changed, Nothing)
REWRITE = Method("throughline/ledger/rewrite", Rewrite, Rewritten)
INJECT = Method("throughline/inject", Inject, Injected)
REFRESH = Method("throughline/refresh", OneFile, Injected)
DROP = Method("throughline/drop", OneFile, Nothing)
DIFFERENCE = Method("throughline/difference", OneFile, Difference)
END = Method("throughline/end", Nothing, Ended)
ARCHIVE_CHANGE = Method("throughline/archive/change", Nothing, ArchiveChange)
ARCHIVE_PROPOSE = Method("throughline/archive/propose", Nothing, ArchiveChange)
ARCHIVE_ACCEPT = Method("throughline/archive/accept", AcceptArchive, Archived)
ARCHIVE_REJECT = Method("throughline/archive/reject", Nothing, Nothing)
PREVIEW = Method("throughline/preview/show", Nothing, Previewed)
APPLY = Method("throughline/preview/apply", Nothing, Compacting)
DISMISS = Method("throughline/preview/dismiss", Nothing, Nothing)
CREW = Method("throughline/crew/change", Crew, State)
RECALL = Method("throughline/search/recall", Recall, Places)
FILES = Method("throughline/search/files", FindFiles, FoundFiles)
CHANGES = Method("throughline/search/changes", Changes, ChangeLog)
REPORT = Method("throughline/session/report", Nothing, Report)
FORGET = Method("throughline/session/forget", OneSession, State)
RENAME = Method("throughline/session/rename", Rename, Nothing)
READ = Method("throughline/session/read", OneSession, Reading)
EXPORT = Method("throughline/session/export", OneSession, Exported)
DOCTOR = Method("throughline/doctor", Nothing, Findings)
MODELS = Method("throughline/session/models", Nothing, Models)
KEY = Method("throughline/key", Key, Nothing)
PATCH = Method("throughline/patch", Patch, None)

REQUESTS = (
    START,
    DEMO,
    RESUME,
    SESSIONS,
    RECORDING,
    SNAPSHOT,
    SEND,
    ANSWER,
    CANCEL,
    COMPACT,
    UNDO,
    PIN,
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
