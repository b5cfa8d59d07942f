"""What a tool is: what it is offered as, what it wants to do, and what came of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from attrs import field, frozen

from throughline.agent.secrets import masked
from throughline.core.acting import (
    Action,
    Approver,
    Checkpoints,
    Edits,
    Files,
    Finder,
    Place,
    Shell,
)
from throughline.core.deeds import Evidence
from throughline.core.events import Event
from throughline.core.files import digest
from throughline.core.permissions import MemoryPermissions, Permissions
from throughline.core.ports import Log, Repository, Store, Tokens
from throughline.core.session import Session

Args: TypeAlias = Mapping[str, Any]

# Texts that are kept to say later what has changed in them, and their characters.
_MOST, _ROOM = 256, 8_000_000


@frozen
class Ports:
    """What the tools act on. `heard` shows a running call's output by its id; `allowed` are the patterns of the
    settings, `permissions` what the user allowed by a question, `secrets` what must not be seen in any output, and
    `allowed_secrets` patterns of what may.
    """

    files: Files
    edits: Edits
    shell: Shell
    finder: Finder
    approver: Approver
    checkpoints: Checkpoints
    repository: Repository
    store: Store
    tokens: Tokens
    heard: Callable[[str, str], None] = lambda *_: None
    allowed: tuple[str, ...] = ()
    permissions: Permissions = field(factory=MemoryPermissions)
    secrets: Callable[[], Sequence[str]] = tuple
    allowed_secrets: tuple[str, ...] = ()

    def masked(self, text: str) -> str:
        """A text without the credentials in it."""
        return masked(text, self.secrets(), self.allowed_secrets)


@frozen
class Want:
    """What a call is about to do: to a place, or by a command; `detail` shows it, and `new` is what it brings in."""

    action: Action
    target: str
    place: Place | None = None
    detail: str = ""
    new: str = ""


def to_read(path: str, ports: Ports) -> tuple[Want, ...]:
    """What a call wants that reads one file or folder. Raises ActError for what is no path."""
    place = ports.files.place(path)
    return (Want("read", place.path, place),)


@frozen
class Result:
    """What a tool says to the model, the whole output where that is only a part, and what else is to be recorded."""

    text: str
    error: bool = False
    whole: str = ""
    evidence: Evidence | None = None
    events: tuple[Event, ...] = ()


class Texts:
    """File texts by their hashes, as the model saw them: the newest, as many as have room."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._size = 0

    def keep(self, text: str) -> str:
        """Keeps a text; its hash."""
        name = digest(text)
        if name not in self._kept:
            self._kept[name] = text
            self._size += len(text)
            while len(self._kept) > 1 and (len(self._kept) > _MOST or self._size > _ROOM):
                self._size -= len(self._kept.popitem(last=False)[1])
        return name

    def get(self, name: str) -> str | None:
        """The text of a hash, where it is still there."""
        return self._kept.get(name)


@frozen
class Work:
    """One call at work: its place in the session, and what it acts on."""

    turn: int
    id: str
    log: Log
    ports: Ports
    texts: Texts = field(repr=False)

    @property
    def session(self) -> Session:
        """The session as it is now."""
        return self.log.session


class AgentTool(Protocol):
    """One tool."""

    @property
    def name(self) -> str:
        """What the model calls it."""
        ...

    @property
    def writes(self) -> bool:
        """Whether it may change anything: then it runs alone, and in order."""
        ...

    def wants(self, args: Args, ports: Ports) -> tuple[Want, ...]:
        """What a call with these arguments is about to do; may block. Raises ActError."""
        ...

    async def run(self, args: Args, work: Work) -> Result:
        """Does it. Raises ActError."""
        ...
