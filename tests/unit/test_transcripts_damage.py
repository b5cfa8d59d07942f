"""Damaged recordings in every format: each is read, with what was mended stated, or refused in one line."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.domain.recording import KINDS, ROLES, Recording
from throughline.transcripts.read import FORMATS, TranscriptError, read
from unit.test_transcripts import RAW, SHARED
from unit.test_transcripts_detection import SAMPLES
from unit.type_strategies import JSON

NAMES = [form.NAME for form in FORMATS]
ALL = pytest.mark.parametrize(("name", "text"), SAMPLES.values(), ids=SAMPLES)
SAMPLE = st.sampled_from(sorted(SAMPLES.values()))


def check(folder: Path, content: bytes, form: str = "") -> Recording | None:
    """What a file is read as, None where it is refused; sound either way."""
    path = folder / "damaged"
    path.write_bytes(content)
    try:
        recording = read(path, form)
    except TranscriptError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert len(refusal.splitlines()) == 1
        assert refusal.startswith("damaged ")
        return None
    assert recording.steps
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
    for step in recording.steps:
        assert step.role in ROLES
        assert step.kind in KINDS
        # Neither the database nor a request could carry what cannot be written.
        json.dumps([step.text, step.tool, step.call_id, step.args], ensure_ascii=False).encode()
    for statement in sorted(unpaired(recording)):
        assert any(repair.startswith(statement) for repair in recording.repairs), statement
    for repair in recording.repairs:
        assert len(repair.splitlines()) == 1
        assert len(repair) < 300
    return recording


def unpaired(recording: Recording) -> set[str]:
    """What has to be said of calls and results that do not pair."""
    named = [(step.kind, step.call_id) for step in recording.steps if step.call_id]
    calls = [name for kind, name in named if kind == "tool_call"]
    results = [name for kind, name in named if kind == "tool_result"]
    found = set()
    if len(set(calls)) < len(calls):
        found.add("two calls share one id")
    if any(("tool_call", name) not in named[:at] for at, (kind, name) in enumerate(named) if kind == "tool_result"):
        found.add("a result has no call before it")
    if any(results.count(name) > 1 for name in calls):
        found.add("a call has more than one result")
    return found


def data(text: str) -> tuple[list[Any], Callable[[list[Any]], str]]:
    """The values that a sample holds, and how they are written: a line each, or one for the whole file. Raises
    ValueError for a sample that is not JSON alone.
    """
    try:
        return [json.loads(text)], lambda values: json.dumps(values[0])
    except ValueError:
        values = [json.loads(line) for line in text.splitlines() if line.strip()]
        return values, lambda values: "".join(json.dumps(one) + "\n" for one in values)


def pure(text: str) -> bool:
    """Whether a sample is JSON alone."""
    try:
        return bool(data(text))
    except ValueError:
        return False


PURE = {how: sample for how, sample in SAMPLES.items() if pure(sample[1])}


def events(values: list[Any]) -> list[Any]:
    """The list among a sample's values that holds its events."""
    if len(values) > 1:
        return values
    lists = [values[0]] if isinstance(values[0], list) else [one for one in values[0].values() if isinstance(one, list)]
    return max(lists, key=lambda one: sum(isinstance(item, dict) for item in one))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container within a value with each of its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(given=st.data(), sample=SAMPLE, form=st.sampled_from(["", "", "", *NAMES]))
def test_bytes_that_were_changed_lost_or_doubled_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, given: st.DataObject, sample: tuple[str, str], form: str
) -> None:
    content = bytearray(sample[1].encode())
    for _ in range(given.draw(st.integers(1, 4))):
        first = given.draw(st.integers(0, len(content)))
        last = given.draw(st.integers(first, min(len(content), first + 300)))
        piece = given.draw(st.sampled_from([b"", bytes(content[first:last]) * 2]) | st.binary(max_size=8))
        content[first:last] = piece
    check(tmp_path_factory.getbasetemp(), bytes(content), form)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(given=st.data(), text=st.sampled_from([text for _, text in PURE.values()]))
def test_values_that_are_not_what_they_should_be_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, given: st.DataObject, text: str
) -> None:
    values, written = data(text)
    for _ in range(given.draw(st.integers(1, 4))):
        inside, key = given.draw(st.sampled_from(list(places(values))))
        match given.draw(st.sampled_from(["lose", "change", "double", "rename", "halve"])):
            case "lose" if inside is not values:
                del inside[key]
            case "double" if isinstance(inside, list):
                inside.insert(key, inside[key])
            case "halve" if isinstance(inside[key], str):
                # Half of a character that needs two, as JavaScript may cut it.
                inside[key] += "\ud83d"
            case "rename" if isinstance(inside, dict):
                inside[given.draw(st.text(max_size=8))] = inside.pop(key)
            case _:
                inside[key] = given.draw(JSON)
    check(tmp_path_factory.getbasetemp(), written(values).encode())


LINES = st.sampled_from(
    sorted({line for _, text in SAMPLES.values() for line in text.split("\n") if len(line) < 2_000})
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    lines=st.lists(LINES | st.text(max_size=8) | JSON.map(json.dumps), max_size=12), form=st.sampled_from(["", *NAMES])
)
def test_lines_of_all_formats_in_one_file_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], form: str
) -> None:
    check(tmp_path_factory.getbasetemp(), "\n".join(lines).encode(errors="replace"), form)


@pytest.mark.slow
@ALL
def test_a_sample_that_was_cut_says_so_or_gives_the_steps_before_the_cut(tmp_path: Path, name: str, text: str) -> None:
    content = text.encode()
    whole = check(tmp_path, content)
    assert whole is not None
    read_at_all = 0
    for at in range(1, len(content), max(1, len(content) // 150)):
        recording = check(tmp_path, content[:at])
        if recording is None or recording.format != name:
            continue
        read_at_all += 1
        known, steps = [step.text for step in whole.steps], [step.text for step in recording.steps]
        # The last step may be half there, and half a mark may part it in two; those before it are whole.
        # A cut between two lines cannot be told; any other one that costs a step can, where the file is JSON.
        told = bool(recording.repairs) or steps == known
        assert told or not pure(text) or pure(content[:at].decode(errors="replace"))
        assert steps[:-2] == known[: max(0, len(steps) - 2)]
    assert read_at_all


@ALL
def test_what_is_no_text_in_a_sample_is_refused_and_says_why(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "session"
    for content, said in (
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (text.encode("latin-1", "replace") + b"\n\xe9\xe9\n", "is not UTF-8"),
        (b"\0" + text.encode(), "is a binary file"),
        (text.encode()[:40] + b"\0\0" + text.encode()[40:], "is a binary file"),
    ):
        path.write_bytes(content)
        for form in ("", name):
            with pytest.raises(TranscriptError, match=said) as refusal:
                read(path, form)
            assert len(str(refusal.value).splitlines()) == 1


ODD = {"type": "mood", "role": "critic", "kind": "mood", "action": "mood", "payload": {"type": "mood"}, "text": "blue"}


@pytest.mark.parametrize(("name", "text"), PURE.values(), ids=PURE)
def test_an_event_of_an_unknown_kind_costs_no_other(tmp_path: Path, name: str, text: str) -> None:
    whole = check(tmp_path, text.encode())
    assert whole is not None
    length = len(events(data(text)[0]))
    for place in range(1, length + 1):
        values, written = data(text)
        events(values).insert(place, ODD)
        recording = check(tmp_path, written(values).encode())
        assert recording is not None
        assert recording.format == name
        said = [(step.role, step.kind, step.text) for step in recording.steps if step.kind != "meta"]
        assert said == [(step.role, step.kind, step.text) for step in whole.steps if step.kind != "meta"]


@pytest.mark.parametrize(("name", "text"), PURE.values(), ids=PURE)
def test_an_event_that_is_there_twice_or_not_at_all_loses_no_words_of_the_others(
    tmp_path: Path, name: str, text: str
) -> None:
    whole = check(tmp_path, text.encode())
    assert whole is not None
    words = Counter(step.text for step in whole.steps if step.kind in ("prompt", "text"))
    for place in range(1, len(events(data(text)[0]))):
        values, written = data(text)
        events(values).insert(place, events(values)[place])
        doubled = check(tmp_path, written(values).encode())
        assert doubled is not None
        assert doubled.format == name
        assert words <= Counter(step.text for step in doubled.steps)
        values, written = data(text)
        del events(values)[place]
        check(tmp_path, written(values).encode())


@ALL
def test_a_line_of_five_megabytes_is_read_whole_in_every_format(tmp_path: Path, name: str, text: str) -> None:
    words = next(words for words in ("Done.", "I look.", "Größe prüfen", "It rounds down.") if words in text)
    long = "é" * 2_500_000
    recording = check(tmp_path, text.replace(words, long, 1).encode())
    assert recording is not None
    assert recording.format == name
    assert any(long in step.text for step in recording.steps)


@pytest.mark.slow
@pytest.mark.skipif(not RAW, reason=f"no recorded sessions in {SHARED}")
@pytest.mark.parametrize("path", RAW, ids=lambda path: path.stem)
def test_a_real_file_is_read_or_refused_under_any_name_of_a_format(tmp_path: Path, path: Path) -> None:
    content = path.read_bytes()[:200_000]
    rng = random.Random(path.name)
    for form in NAMES:
        at = rng.randrange(len(content))
        for damaged in (content, content[:at], content[at:], content[:at] + rng.randbytes(30) + content[at:]):
            check(tmp_path, damaged, form)
