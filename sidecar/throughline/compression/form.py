"""The form in which a model answers: one strict tool, and what is wrong with an operation that does not fit it."""

from __future__ import annotations

from typing import Any, TypeAlias, get_args

from throughline.core.ledger import EntryKind
from throughline.core.ports import Tool

Json: TypeAlias = dict[str, Any]

# What a session is for is the user's to say.
KINDS: tuple[str, ...] = tuple(kind for kind in get_args(EntryKind) if kind != "objective")

_TEXT: Json = {"type": "string"}
_TURN: Json = {"type": "integer"}
_FIELDS: dict[str, dict[str, Json]] = {
    "add": {
        "kind": {"type": "string", "enum": list(KINDS)},
        "text": _TEXT,
        "why": _TEXT,
        "owner": _TEXT,
        "subject": _TEXT,
        "turns": {"type": "array", "items": _TURN},
    },
    "revise": {"id": _TEXT, "text": _TEXT, "why": _TEXT, "turn": _TURN},
    "resolve": {"id": _TEXT, "resolution": _TEXT},
    "merge": {"ids": {"type": "array", "items": _TEXT}, "text": _TEXT},
}


def tool(name: str, description: str, fields: dict[str, dict[str, Json]]) -> Tool:
    """A strict tool that takes a list of operations, each with the fields of its name."""
    operations = [
        _object({"op": {"type": "string", "enum": [operation]}, **some}) for operation, some in fields.items()
    ]
    schema = _object({"operations": {"type": "array", "items": {"anyOf": operations}}})
    return Tool(name, description, schema, strict=True)


def _object(fields: dict[str, Json]) -> Json:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


# The same bytes in every request: a strict schema is compiled at its first use, so ids are no enumeration in it.
TOOL = tool(
    "record",
    "Records the operations that bring the ledger up to date, in the order in which they are applied.",
    _FIELDS,
)


def fault(operation: object, known: dict[str, dict[str, Json]] = _FIELDS) -> str | None:
    """What does not fit the tool's schema, in a few words, or None where all does."""
    if not isinstance(operation, dict):
        return "an operation is an object"
    name = operation.get("op")
    if not isinstance(name, str) or name not in known:
        return "it names no operation that there is"
    fields = known[name]
    if operation.keys() != {"op", *fields}:
        return f"its fields are not those of {name}"
    return next((f"{key} does not fit" for key, schema in fields.items() if not _fits(operation[key], schema)), None)


def _fits(value: object, schema: Json) -> bool:
    match schema["type"]:
        case "integer":
            return type(value) is int
        case "array":
            return isinstance(value, list) and all(_fits(one, schema["items"]) for one in value)
        case _:
            return isinstance(value, str) and value in schema.get("enum", (value,))
