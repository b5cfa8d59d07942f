"""The rules of each model, by the dated table `contracts.toml`, and the entry that the Models API has of it."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from attrs import frozen

from throughline.llm.catalogue import undated_name

Json: TypeAlias = dict[str, Any]

# types/effort_capability.py
LEVELS = ("low", "medium", "high", "xhigh", "max")
# The model whose rules hold for one that the table does not know.
_NEWEST = "claude-sonnet-5-5"


@frozen
class ModelRules:
    """What the API holds the callers of one model to; `contracts.toml` says what each field means, and whence. The
    defaults are the newest contract.
    """

    window: int = 1_000_000
    longest: int = 128_000
    minimum: int = 512
    bound: bool = True
    locked: bool = True
    forced: bool = False
    shown: bool = False
    between: bool = False
    adaptive: bool = True
    enabled: bool = False
    between_tools: bool = False
    disabled: bool = False
    thinks: bool = True
    demands: bool = False
    sampling: bool = False
    prefill: bool = False
    effort: tuple[str, ...] = LEVELS
    compacts: bool = True

    def takes(self, thinking: str) -> bool:
        """Whether a type of thinking is taken."""
        return bool(getattr(self, thinking, False)) if thinking in _TYPES else False

    def capabilities(self) -> Json:
        """What the Models API says of the model: types/beta/beta_model_capabilities.py, all of its keys."""
        no, yes = {"supported": False}, {"supported": True}
        return {
            "batch": yes,
            "citations": yes,
            "code_execution": yes,
            "compaction": {"supported": self.compacts, "summarize": {"supported": self.compacts}},
            "context_management": {
                "supported": True,
                "clear_thinking_20251015": yes,
                "clear_tool_uses_20250919": yes,
                "compact_20260112": {"supported": self.compacts},
            },
            "effort": {
                "supported": bool(self.effort),
                **{level: {"supported": level in self.effort} for level in LEVELS},
            },
            "image_input": yes,
            "pdf_input": yes,
            "server_tools": {"supported": False, "code_execution": no, "web_search": no},
            "structured_outputs": yes,
            "thinking": {
                "supported": self.adaptive or self.enabled,
                "types": {name: {"supported": self.takes(name)} for name in _TYPES},
            },
        }


# types/thinking_types.py
_TYPES = ("adaptive", "between_tools", "disabled", "enabled")


def rules_of(model: str) -> ModelRules:
    """The rules for a model, dated or not; one that the table does not know is held to the newest contract."""
    return _rules().get(undated_name(model), _rules()[_NEWEST])


def known_models() -> tuple[str, ...]:
    """The names that the table knows."""
    return tuple(_rules())


def model_entry(name: str, **more: object) -> Json:
    """A model as the Models API has it: an active one that says nothing of itself, but for what is given."""
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
        **more,
    }


def capable_entry(name: str) -> Json:
    """A model as the Models API has it, with what the contract's table says that it can do: types/model_info.py."""
    rules = rules_of(name)
    return model_entry(name, capabilities=rules.capabilities(), max_input_tokens=rules.window, max_tokens=rules.longest)


@cache
def _rules() -> dict[str, ModelRules]:
    read = tomllib.loads((files(__package__) / "contracts.toml").read_text("utf-8"))
    rows: dict[str, Json] = read["models"]
    lists = {name: {"effort": tuple(row["effort"])} if "effort" in row else {} for name, row in rows.items()}
    return {name: ModelRules(**{**row, **lists[name]}) for name, row in rows.items()}
