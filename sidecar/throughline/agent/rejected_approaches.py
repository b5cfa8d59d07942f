"""Rejected approaches: what was ruled out and looks like what a call is about to do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from math import log

from throughline.agent.tool import PermissionRequest
from throughline.domain.events import FileInjected, Item, ToolCalled, ToolReturned
from throughline.domain.file_header import shown_text
from throughline.domain.ledger import Entry
from throughline.domain.session import Session
from throughline.memory.text import terms

# Of the weight of what an entry speaks of, so much has to be in what is about to be done; less where its subject is
# named outright.
_MUCH, _SOME = 0.6, 0.4
# So much weight has to be shared: a word that is nowhere else has 1. Where only one word of an entry weighs anything,
# it is enough if none of the others is missing.
_LEAST, _ALONE = 1.2, 0.6
# With fewer texts than about this many nothing can be said of how common a word is.
_FEW = 20
# What is told of an entry begins so: in a result it is no use of the entry's words.
TOLD = "[This looks like what was ruled out in this session:"
# Files that speak of things and do none of them.
_PROSE = (".md", ".markdown", ".mdx", ".rst", ".adoc", ".txt")
_PATH_ARGUMENTS = ("path", "file_path", "notebook_path")


def rejected_approaches(session: Session, want: PermissionRequest, call: str = "") -> tuple[Entry, ...]:
    """The live entries that rule out what a call is about to do, as far as the words tell; `call` is its id, where it
    is in the log already.
    """
    rejected = [entry for entry in session.ledger.live() if entry.kind == "rejected"]
    if not rejected or want.action == "read" or _passes(want):
        return ()
    doing = want.target if want.target.lower().endswith(_PROSE) else f"{want.target}\n{want.new}"
    about = _words(doing)
    near = [entry for entry in rejected if terms(entry.text) & about]
    if not near:
        return ()
    done = [item for turn in session.turns for item in turn.items if getattr(item, "id", "") != (call or None)]
    own, rarity = _own(session, done), _Rarity(done)
    return tuple(entry for entry in near if _meant(entry, about, doing.lower(), own, rarity))


class _Rarity:
    """How rare a term is among what the session has done and read: 1 where it stands nowhere, towards 0 where it stands
    everywhere. Whoever goes on with something is told less and less of it.
    """

    def __init__(self, done: Iterable[Item]) -> None:
        self._texts = [text.lower() for text in _texts(done)]

    def __call__(self, term: str) -> float:
        among = sum(term in text for text in self._texts)
        return log((len(self._texts) + _FEW) / (among + 1)) / log(len(self._texts) + _FEW)


def _texts(done: Iterable[Item]) -> Iterator[str]:
    for item in done:
        match item:
            case ToolCalled(args=args):
                yield " ".join(str(value) for value in args.values())
            case ToolReturned(text=text):
                yield text.partition(TOLD)[0]
            case FileInjected():
                yield shown_text(item).partition(TOLD)[0]
            case _:
                pass


def _meant(entry: Entry, about: frozenset[str], doing: str, own: frozenset[str], rarity: _Rarity) -> bool:
    spoken = terms(entry.text)
    weights = {term: rarity(term) for term in spoken if not _words(term) <= own}
    shared = sum(weight for term, weight in weights.items() if term in about)
    if len(weights) == 1:
        return shared >= _ALONE and spoken <= about
    named = bool(entry.subject) and entry.subject in doing and not _words(entry.subject) <= own
    return shared >= _LEAST and shared >= (_SOME if named else _MUCH) * sum(weights.values())


def _own(session: Session, done: Iterable[Item]) -> frozenset[str]:
    """The words of the project itself: its name, the objective, and the paths of what the session has seen."""
    paths = {*session.registry, *session.files, *(item.path for item in done if isinstance(item, ToolCalled))}
    return _words("\n".join((session.project, session.objective, *paths)))


def _words(text: str) -> frozenset[str]:
    """The terms of a text, and of the words inside its paths and names."""
    return terms(text) | terms(" ".join(_parts(text)))


def _parts(text: str) -> Iterable[str]:
    """The words inside paths and names, those that only capitals tell apart too."""
    return re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", text)


def _passes(want: PermissionRequest) -> bool:
    """Whether a call only tests or reads: a test's own file, or a command of nothing but such programs."""
    if want.action != "run":
        return any(one.search(want.target) for one in _patterns()["test_file"])
    steps = [step.strip() for step in re.split(r"&&|\|\||[;|\n]", want.target) if step.strip()]
    if re.search(r">(?!\s*(?:/dev/null|&\d))", want.target):
        return False
    harmless = (*_patterns()["test_command"], *_patterns()["reading_command"])
    return bool(steps) and all(any(one.match(step) for one in harmless) for step in steps)


@cache
def _patterns() -> dict[str, tuple[re.Pattern[str], ...]]:
    told = tomllib.loads((files("throughline.agent") / "rejected_approaches.toml").read_text("utf-8"))
    return {what: tuple(map(re.compile, patterns)) for what, patterns in told.items()}
