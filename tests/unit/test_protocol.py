"""The wire: every message comes through as it was, what does not fit is refused, the editor's types are these."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from attrs import NOTHING, fields
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from throughline.domain import ledger
from throughline.domain.serialization import MalformedError
from throughline.protocol import methods, state
from throughline.protocol.codec import decode, encode
from throughline.protocol.generate import protocol, write_protocol
from throughline.protocol.messages import Inject, Options, PinEntry, Send, Start
from throughline.protocol.state import Patch, State
from unit import type_strategies

EXTENSION = Path(__file__).parents[2] / "extension"
TABLE = (*methods.REQUESTS, *methods.NOTIFICATIONS)
MESSAGES: list[type[Any]] = sorted(
    {Options, *(shape for one in TABLE for shape in (one.params, one.result) if shape)},
    key=lambda shape: shape.__name__,
)


@pytest.mark.slow
@pytest.mark.parametrize("shape", MESSAGES, ids=lambda shape: shape.__name__)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_message_comes_through_json_as_it_was(shape: type[Any], data: st.DataObject) -> None:
    message = data.draw(type_strategies.of(shape))
    sent = json.loads(json.dumps(encode(message)))
    assert decode(shape, sent) == message
    assert set(sent) == {one.name for one in fields(shape)}
    if fields(shape) and fields(shape)[0].default is NOTHING:
        with pytest.raises(MalformedError):
            decode(shape, dict(list(sent.items())[1:]))
    with pytest.raises(MalformedError):
        decode(shape, {**sent, "unknown": 1})


def test_methods_have_names_of_their_own_under_one_prefix() -> None:
    names = [one.name for one in TABLE]
    assert len(set(names)) == len(names)
    assert all(name.startswith("throughline/") for name in names)
    assert all(one.result for one in methods.REQUESTS)
    assert not any(one.result for one in methods.NOTIFICATIONS)
    listed = {id(one) for one in vars(methods).values() if isinstance(one, methods.Method)}
    assert listed == {id(one) for one in TABLE}


ROW = {"kind": "user", "id": "u1", "turn": 1, "text": "a"}
MALFORMED: list[tuple[type[Any], Any, str]] = [
    (Send, None, "expected an object, got NoneType"),
    (Send, [], "expected an object, got list"),
    (Send, "text", "expected an object, got str"),
    (Send, {}, "'text' is missing"),
    (Send, {"text": 3}, "expected str, got int"),
    (Send, {"text": None}, "expected str, got NoneType"),
    (Send, {"text": "a", "more": 1}, "more"),
    (Start, {"objective": "a", "role": "king"}, "role"),
    (Inject, {"uris": "abc", "form": "full"}, "expected list, got str"),
    (Inject, {"uris": [1], "form": "full"}, "expected str, got int"),
    (Inject, {"uris": [], "form": "half"}, "form"),
    (PinEntry, {"entry": "a", "pinned": 1}, "expected bool, got int"),
    (PinEntry, {"entry": "a", "pinned": "true"}, "expected bool, got str"),
    (Options, {"demo": ""}, "'version' is missing"),
    (Options, {"version": 1, "demo": "", "allowed": "run:ls"}, "expected list, got str"),
    (Options, {"version": 1, "demo": "", "allowed": [1]}, "expected str, got int"),
    (Options, {"version": 1, "demo": "", "hour": "often"}, "hour"),
    (Patch, {"revision": True, "changes": []}, "expected int, got bool"),
    (Patch, {"revision": 1, "changes": {}}, "expected list, got dict"),
    (Patch, {"revision": 1, "changes": [{"kind": "unknown"}]}, "'unknown' is missing or not known"),
    (Patch, {"revision": 1, "changes": [{"row": ROW}]}, "kind"),
    (
        Patch,
        {"revision": 1, "changes": [{"kind": "row", "row": {**ROW, "kind": "no"}}]},
        "'no' is missing or not known",
    ),
    (Patch, {"revision": 1, "changes": [{"kind": "row", "row": {**ROW, "more": 1}}]}, "more"),
    (State, {"revision": 1, "session": 3}, "session"),
]


@pytest.mark.parametrize(("shape", "data", "said"), MALFORMED, ids=lambda value: str(value)[:60])
def test_what_does_not_fit_is_refused_in_one_line_that_says_where(shape: type[Any], data: Any, said: str) -> None:
    with pytest.raises(MalformedError) as caught:
        decode(shape, data)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.sampled_from(MESSAGES), type_strategies.JSON)
def test_any_json_is_a_message_or_malformed(shape: type[Any], data: Any) -> None:
    with contextlib.suppress(MalformedError):
        assert isinstance(decode(shape, data), shape)


def test_the_generated_files_are_those_of_the_messages() -> None:
    assert write_protocol([str(EXTENSION), "--check"]) == 0


def test_the_check_fails_where_a_file_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "src").mkdir()
    manifest = (EXTENSION / "package.json").read_text(encoding="utf-8")
    (tmp_path / "package.json").write_text(manifest.replace('"default": 12', '"default": 13'), encoding="utf-8")
    assert write_protocol([str(tmp_path), "--check"]) == 1
    said = capsys.readouterr().err
    assert "protocol.ts" in said
    assert "package.json" in said
    assert write_protocol([str(tmp_path)]) == 0
    assert write_protocol([str(tmp_path), "--check"]) == 0
    assert (tmp_path / "package.json").read_text(encoding="utf-8") == manifest


def test_an_entry_is_of_the_kinds_that_the_ledger_knows() -> None:
    assert get_args(state.EntryKind) == get_args(ledger.EntryKind)


def test_every_message_and_method_is_in_the_generated_types_once() -> None:
    text = protocol()
    for shape in MESSAGES:
        assert text.count(f"export interface {shape.__name__} {{") == 1
    for one in TABLE:
        assert f'"{one.name}": {{ params: {one.params.__name__}; ' in text
