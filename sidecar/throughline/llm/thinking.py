"""Thinking of the Messages API: how it is asked for and with how much effort, and which blocks may be sent back."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import evolve, frozen

from throughline.domain.settings import Display, Effort
from throughline.llm.catalogue import undated_name

if TYPE_CHECKING:
    from hashlib import _Hash


Json: TypeAlias = dict[str, Any]

# The headers under which the API takes `block_binding`, and a display of updates alone.
BINDING = "thinking-binding-controls-2026-08-01"
UPDATES = "thinking-display-updates-2026-08-18"
# From the lowest on.
_LEVELS: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
# The least budget that the API takes: types/thinking_config_enabled_param.py.
_BUDGET = 1_024
# So many blocks are remembered: those of a running turn are among the newest.
_REMEMBERED = 2_000
# What the API says of a block that it does not take back: that it was changed, is not its own, or stands elsewhere now.
_REFUSED = re.compile(
    r"messages\.\d+\.content\.\d+.*(?:thinking|signature)"
    r"|\bthinking`? blocks?\b.*(?:modified|changed|match|conversation|bound)|invalid.*\bsignature",
    re.IGNORECASE | re.DOTALL,
)


@frozen
class ThinkingOptions:
    """What the user wants of a model's thinking.

    display: which of it is shown, where the model has several ways.
    effort: how much of it there is to be, and of all else; "default" leaves it to the model.
    """

    display: Display = "summarized"
    effort: Effort = "default"


@frozen
class ThinkingCapabilities:
    """How a model can be asked to think.

    adaptive: it decides by itself how much.
    enabled: it is given a budget of tokens; only where it is not adaptive is that asked for.
    bound: its blocks are bound to what stands before them.
    updates: it can show nothing but what it says between calls.
    effort: the levels that it takes, from the lowest on.
    """

    adaptive: bool = False
    enabled: bool = False
    bound: bool = False
    updates: bool = False
    effort: tuple[Effort, ...] = ()

    def told(
        self, adaptive: bool | None, enabled: bool | None, effort: Iterable[tuple[str, bool | None]]
    ) -> ThinkingCapabilities:
        """The same, with what a provider's list says of it; it says nothing of what is None."""
        said = {level: supported for level, supported in effort if supported is not None}
        levels = tuple(level for level in _LEVELS if said.get(level)) if said else self.effort
        return evolve(
            self,
            adaptive=self.adaptive if adaptive is None else adaptive,
            enabled=self.enabled if enabled is None else enabled,
            effort=levels,
        )

    def parameters(self, display: Display, limit: int) -> Json | None:
        """The `thinking` of a request whose reply may have `limit` of the model's tokens: None for a model that cannot
        be asked for it. On a new model what comes back has text only where a display is asked for; where blocks are
        bound, the provider drops those whose prefix has changed. A budget is half of the reply.
        """
        if self.adaptive:
            binding = {"block_binding": {"prefix_mismatch_behavior": "drop_block"}} if self.bound else {}
            return {"type": "adaptive", "display": self.display(display), **binding}
        if self.enabled and limit >= 2 * _BUDGET:
            hidden = {"display": "omitted"} if display == "omitted" else {}
            return {"type": "enabled", "budget_tokens": limit // 2, **hidden}
        return None

    def display(self, wanted: Display) -> Display:
        """The display to ask for: a summary where the model has no updates."""
        return wanted if wanted != "updates" or self.updates else "summarized"

    def level(self, wanted: Effort) -> Effort:
        """The effort to ask for: the nearest level that the model takes, a lower one first; "default" where there is
        none, or none is wanted.
        """
        if wanted == "default" or not self.effort:
            return "default"
        place = _LEVELS.index(wanted)
        return min(self.effort, key=lambda one: (_LEVELS.index(one) > place, abs(_LEVELS.index(one) - place)))


def effort_levels() -> tuple[Effort, ...]:
    """The levels that there are, from the lowest on."""
    return _LEVELS


def thinking_capabilities(model: str) -> ThinkingCapabilities:
    """How a model can be asked to think, as far as its name says it."""
    table, name = _table(), undated_name(model)
    return ThinkingCapabilities(
        adaptive=name in table["adaptive"],
        enabled=name in table["enabled"],
        bound=name in table["bound"],
        updates=name in table["updates"],
        effort=next((levels for group, levels in _EFFORT.items() if name in table[group]), ()),
    )


def begins_with_thinking(messages: Sequence[Json]) -> bool:
    """Whether the tool turn that is running begins with thinking, or none is running. A model that is given a budget
    wants it so, or no thinking at all in that call.
    """
    first = None
    for message in reversed(messages):
        kinds = {piece["type"] for piece in message["content"]}
        if message["role"] == "user" and "tool_result" not in kinds:
            break
        if message["role"] == "assistant":
            first = message
    return first is None or bool(thinking_mark(first["content"][0]))


def is_refusal(said: str) -> bool:
    """Whether a server's words refuse a block of thinking that was sent back, and not the parameter."""
    return bool(_REFUSED.search(said))


def without_blocks(messages: Iterable[Json], blocks: frozenset[str] | None = None) -> list[Json]:
    """The messages without these blocks of thinking, or without any; one that then says nothing goes as well."""
    kept = []
    for message in messages:
        content = [
            one
            for one in message["content"]
            if not (thinking_mark(one) and (blocks is None or thinking_mark(one) in blocks))
        ]
        if content:
            kept.append({**message, "content": content})
    return kept


def thinking_marks(messages: Iterable[Json]) -> frozenset[str]:
    """What tells the blocks of thinking in these messages from one another."""
    return frozenset(filter(None, (thinking_mark(piece) for message in messages for piece in message["content"])))


def thinking_mark(piece: Json) -> str:
    """What tells a block of thinking from others: its signature, or what it hides; nothing for any other piece."""
    if piece.get("type") not in {"thinking", "redacted_thinking"}:
        return ""
    return str(piece.get("signature") or piece.get("data") or "")


@frozen
class _Origin:
    """Where a block of thinking came from: its model, a hash of the conversation before it, and all the blocks that
    came in a row with it.
    """

    model: str
    before: str
    row: list[Json]


class Origins:
    """Remembers where each block of thinking came from, so that one which is another model's, whose row is no more
    whole, or whose conversation has changed since, can be left out where the server does not do that itself.
    """

    def __init__(self) -> None:
        self._made: dict[str, _Origin] = {}

    def note(self, block: Json, request: Json, row: list[Json]) -> None:
        """A block came in answer to a request, after those of its `row`, to which it is added."""
        before = _begun(request)
        for message in request["messages"]:
            for piece in message["content"]:
                _add(before, [message["role"], piece])
        for piece in row:
            _add(before, ["assistant", piece])
        row.append(block)
        self._made[thinking_mark(block)] = _Origin(str(request.get("model")), before.hexdigest(), row)
        while len(self._made) > _REMEMBERED:
            del self._made[next(iter(self._made))]

    def kept(self, request: Json, bound: bool) -> list[Json]:
        """A request's messages without the blocks that another model made, those of a row that is not whole and, where
        they are `bound`, those that were made before another conversation than stands there now.
        """
        if not thinking_marks(request["messages"]):
            return list(request["messages"])
        model, before, messages = str(request.get("model")), _begun(request), list[Json]()
        for message in request["messages"]:
            sent = thinking_marks([message])
            content: list[Json] = []
            for piece in message["content"]:
                mark = thinking_mark(piece)
                if mark and not self._fits(mark, sent, model, before.hexdigest() if bound else ""):
                    sent -= {mark}  # What came in a row with it does not fit any more, either.
                    continue
                content.append(piece)
                _add(before, [message["role"], piece])
            if content:
                messages.append({**message, "content": content})
        return messages

    def _fits(self, mark: str, sent: frozenset[str], model: str, before: str) -> bool:
        made = self._made.get(mark)
        if made is None:
            return not before
        whole = sent.issuperset(map(thinking_mark, made.row))
        return made.model == model and whole and (not before or made.before == before)


def _begun(request: Json) -> _Hash:
    made = hashlib.sha256()
    _add(made, [request.get("system"), request.get("tools")])
    return made


def _add(made: _Hash, part: Any) -> None:
    # Breakpoints move from call to call, and change nothing of what is said.
    made.update(json.dumps(_bare(part)).encode())


def _bare(part: Any) -> Any:
    if isinstance(part, list):
        return [_bare(one) for one in part]
    if isinstance(part, dict):
        return {name: _bare(value) for name, value in part.items() if name != "cache_control"}
    return part


# The levels of each group of the table.
_EFFORT: dict[str, tuple[Effort, ...]] = {
    "all": _LEVELS,
    "without_xhigh": ("low", "medium", "high", "max"),
    "up_to_high": ("low", "medium", "high"),
}


@cache
def _table() -> dict[str, frozenset[str]]:
    read = tomllib.loads((files(__package__) / "thinking.toml").read_text("utf-8"))
    lists = {name: read[name] for name in ("adaptive", "enabled", "bound", "updates")} | read["effort"]
    return {name: frozenset(models) for name, models in lists.items()}
