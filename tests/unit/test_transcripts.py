"""Recorded sessions: which files are read, which are refused, and what a neutral one becomes."""

import codecs
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.core.recording import Recording, Step
from throughline.transcripts.read import TranscriptError, read, split

SHARED = Path(__file__).parents[2].parent / "shared"
NEUTRAL = sorted((SHARED / "sessions" / "transcripts").glob("*/*.jsonl"))

EVENTS: list[dict[str, Any]] = [
    {"i": 0, "role": "user", "kind": "prompt", "text": "Größe prüfen 📏", "ts": "2026-03-01T10:00:00Z"},
    {"i": 1, "role": "assistant", "kind": "text", "text": "I read it.", "ts": "2026-03-01 10:00:02Z"},
    {
        "i": 2,
        "role": "assistant",
        "kind": "tool_call",
        "text": "",
        "tool": "read",
        "args": {"z": 1, "a": 2},
        "call_id": "c1",
    },
    {
        "i": 3,
        "role": "tool",
        "kind": "tool_result",
        "text": "no such file",
        "call_id": "c1",
        "error": True,
        "tool": None,
    },
]
CLAUDE: list[dict[str, Any]] = [
    {"type": "file-history-snapshot", "messageId": "m0", "snapshot": {}},
    {"type": "user", "uuid": "u1", "message": {"role": "user", "content": "Maße ändern 📐"}},
    {"type": "assistant", "uuid": "u2", "message": {"content": [{"type": "text", "text": "Done."}]}},
]


def encode(events: list[Any], *, ascii_only: bool = False) -> bytes:
    return "".join(json.dumps(event, ensure_ascii=ascii_only) + "\n" for event in events).encode()


def read_bytes(folder: Path, content: bytes) -> Recording:
    path = folder / "session.bin"  # a name that tells nothing of the format
    path.write_bytes(content)
    return read(path)


def test_neutral_events_become_steps(tmp_path: Path) -> None:
    recording = read_bytes(tmp_path, encode(EVENTS))
    assert recording == Recording(
        (
            Step(0, "user", "prompt", "Größe prüfen 📏", at=1772359200.0),
            Step(1, "assistant", "text", "I read it.", at=1772359202.0),
            Step(2, "assistant", "tool_call", "", "read", {"z": 1, "a": 2}, "c1"),
            Step(3, "tool", "tool_result", "no such file", call_id="c1", error=True),
        ),
        "neutral",
        (),
    )
    assert json.dumps(recording.steps[2].args) == '{"z": 1, "a": 2}'


MADE = "arguments that are not an object were turned into one (line 2)"
NOTE = {"role": "user", "kind": "prompt", "text": "go on"}


@pytest.mark.parametrize(
    ("odd", "step", "repair"),
    [
        ({"i": 7}, {}, "an index that is not the place in the file was replaced (line 2)"),
        ({"kind": "mood"}, {"kind": "meta"}, "unknown kind 'mood' was read as meta (line 2)"),
        ({"kind": None}, {"kind": "meta"}, "unknown kind None was read as meta (line 2)"),
        ({"role": "critic"}, {"role": "system"}, "unknown role 'critic' was read as system (line 2)"),
        ({"text": 3}, {"text": "3"}, "a text that is not a string was turned into one (line 2)"),
        ({"text": None}, {"text": ""}, None),
        ({"ts": "noon"}, {}, "a time that cannot be read was left out (line 2)"),
        ({"ts": "2026-03-01T11:00:00+01:00"}, {"at": 1772359200.0}, None),
        ({"ts": "2026-03-01T10:00:00"}, {"at": 1772359200.0}, None),
        ({"args": '{"b": 1}'}, {"args": {"b": 1}}, MADE),
        ({"args": "ls"}, {"args": {"arguments": "ls"}}, MADE),
        ({"args": [1]}, {"args": {"arguments": [1]}}, MADE),
        ({"text": "a\ud83d"}, {"text": "a\ufffd"}, "half a character was replaced (line 2)"),
        ({"text": "\\ud83d \U0001f600"}, {"text": "\\ud83d \U0001f600"}, None),
    ],
)
def test_an_odd_neutral_event_is_mended_and_noted(
    tmp_path: Path, odd: dict[str, Any], step: dict[str, Any], repair: str | None
) -> None:
    recording = read_bytes(tmp_path, encode([NOTE, {**NOTE, **odd}], ascii_only=True))
    expected: dict[str, Any] = {"role": "user", "kind": "prompt", "text": "go on", **step}
    assert recording.steps[1] == Step(1, **expected)
    assert recording.repairs == ((repair,) if repair else ())


@pytest.mark.parametrize(
    ("lines", "repairs"),
    [
        (b'%s\n{"role": "us', ("the last line is half-written and was skipped (line 2)",)),
        (b'{"ro\n%s\n', ("a line that is not JSON was skipped (line 1)",)),
        (b"%s\n\n[1]\n[2]\n", ("a line that is not a JSON object was skipped (2 times, first at line 3)",)),
        (b"%s\n" + b"[" * 100_000, ("the last line is half-written and was skipped (line 2)",)),
        (b'%s\n{"text": "caf\xc3', ("the last line is half-written and was skipped (line 2)",)),
        (b"\n\n%s\n\n", ()),
    ],
)
def test_a_line_that_is_no_event_is_skipped_and_noted(tmp_path: Path, lines: bytes, repairs: tuple[str, ...]) -> None:
    recording = read_bytes(tmp_path, lines % json.dumps(NOTE).encode())
    assert recording == Recording((Step(0, "user", "prompt", "go on"),), "neutral", repairs)


def test_ids_that_pair_badly_are_noted(tmp_path: Path) -> None:
    events = [EVENTS[2], EVENTS[2], EVENTS[3], EVENTS[3]]
    recording = read_bytes(tmp_path, encode([{**event, "i": i} for i, event in enumerate(events)]))
    assert recording.repairs == (
        "two calls share one id (step 1)",
        "a call has more than one result (step 3)",
    )


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_encoding_and_line_ends_do_not_matter(tmp_path: Path, mark: bytes, encoding: str, ending: str) -> None:
    for events, name in ((EVENTS, "neutral"), (CLAUDE, "claude-code")):
        text = encode(events).decode().replace("\n", ending)
        recording = read_bytes(tmp_path, mark + text.encode(encoding))
        assert recording == read_bytes(tmp_path, encode(events))
        assert recording.format == name


@pytest.mark.parametrize("chunk", [1, 2, 3, 1 << 20])
def test_lines_reach_a_format_without_their_ends_wherever_a_chunk_ends(chunk: int) -> None:
    stream = BytesIO("ü\r\n\r\nb\u2028c\r\nd".encode())
    assert list(split(stream, "utf-8", chunk)) == ["ü", "", "b\u2028c", "d"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: choose"),
        (b"\n \r\n\n", "is empty: choose"),
        (codecs.BOM_UTF8, "is empty: choose"),
        (b"\x7fELF\0\0\0", "is a binary file: choose"),
        (codecs.BOM_UTF32_LE + "hello".encode("utf-32-le"), "is a binary file: choose"),
        ("{} Größe\n{}".encode("latin-1"), "is not UTF-8 text: save it as UTF-8"),
        (b"Dear diary,\n", "is in no known format: choose a recorded session in one of neutral, claude-code"),
        (b'{"name": "package", "type": "module"}', "is in no known format: choose"),
        (b'{"type": "summary", "summary": "A day", "leafUuid": "x"}\n', "holds no step of a session: choose"),
    ],
)
def test_a_file_that_is_no_session_is_refused_in_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(TranscriptError) as refusal:
        read_bytes(tmp_path, content)
    assert str(refusal.value).startswith(f"session.bin {message}")
    assert str(refusal.value).count("\n") == 0


def test_a_path_that_cannot_be_opened_is_refused_in_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.jsonl", tmp_path):
        with pytest.raises(TranscriptError, match=r"cannot be opened \(.+\): check the path\.$"):
            read(path)


def test_a_line_of_five_megabytes_is_read_whole(tmp_path: Path) -> None:
    text = "é" * 2_500_000
    recording = read_bytes(tmp_path, encode([NOTE, {**NOTE, "text": text}, NOTE]))
    assert [step.text for step in recording.steps] == ["go on", text, "go on"]


SAMPLES = st.sampled_from([EVENTS, CLAUDE])


@given(data=st.data(), events=SAMPLES)
def test_a_file_cut_anywhere_gives_the_steps_before_the_cut(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, events: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    content = encode(events)
    whole = read_bytes(folder, content).steps
    cut = data.draw(st.integers(0, len(content)))
    try:
        steps = read_bytes(folder, content[:cut]).steps
    except TranscriptError:
        steps = ()
    assert steps == whole[: len(steps)]
    # Every whole line is one step, but for the snapshot at the head of the second sample.
    assert len(steps) >= content[:cut].count(b"\n") - (events is CLAUDE)


@given(data=st.data(), events=SAMPLES, encoding=st.sampled_from(["utf-8", "utf-16"]))
def test_any_mutation_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, events: list[dict[str, Any]], encoding: str
) -> None:
    lines = encode(events).decode().splitlines(keepends=True)
    order = data.draw(st.lists(st.sampled_from(range(len(lines))), max_size=8))
    content = bytearray("".join(lines[n] for n in order).encode(encoding))
    for at in data.draw(st.lists(st.integers(0, max(len(content) - 1, 0)), max_size=3)):
        content[at : at + 1] = data.draw(st.binary(max_size=2))
    try:
        recording = read_bytes(tmp_path_factory.getbasetemp(), bytes(content))
    except TranscriptError:
        return
    assert [step.i for step in recording.steps] == list(range(len(recording.steps)))
    "".join(step.text for step in recording.steps).encode()


@pytest.mark.skipif(not NEUTRAL, reason=f"no recorded sessions in {SHARED}")
@pytest.mark.parametrize("path", NEUTRAL, ids=lambda path: path.stem)
def test_a_recorded_neutral_session_is_read_event_for_event(path: Path) -> None:
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    steps = read(path).steps
    assert [(s.i, s.role, s.kind, s.text) for s in steps] == [(e["i"], e["role"], e["kind"], e["text"]) for e in events]
    assert all(step.at is not None for step, event in zip(steps, events, strict=True) if event.get("ts"))
