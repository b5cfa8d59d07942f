"""Which format a file is taken for: each sample in its own, mutated or not, and what a wrong name gets."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from throughline.transcripts.read import FORMATS, TranscriptError, read
from unit import (
    test_transcripts,
    test_transcripts_aider,
    test_transcripts_cline,
    test_transcripts_codex,
    test_transcripts_console,
    test_transcripts_copilot_chat,
    test_transcripts_copilot_cli,
    test_transcripts_cursor,
    test_transcripts_gemini,
    test_transcripts_messages,
    test_transcripts_opencode,
    test_transcripts_openhands,
    test_transcripts_pi,
)

MINI = {
    "info": {"model_stats": {"api_calls": 2}, "config": {"a": "x\n" * 40, "lines": list(range(40))}},
    "messages": [
        {"role": "system", "content": "You are in a shell."},
        {"role": "user", "content": "It rounds down."},
        {"role": "assistant", "content": "I look.\n\n```bash\nls\n```"},
        {"role": "user", "content": "<returncode>0</returncode>"},
    ],
    "trajectory_format": "mini-swe-agent-1",
}
PI = [
    test_transcripts_pi.HEADER,
    test_transcripts_pi.said("user", "Größe prüfen"),
    test_transcripts_pi.said("assistant", [{"type": "text", "text": "Done."}]),
]


def lines(objects: list[object]) -> str:
    return "".join(json.dumps(one) + "\n" for one in objects)


SAMPLES: dict[str, tuple[str, str]] = {
    **{name: (name, content.decode()) for name, content in test_transcripts.CONTENTS.items()},
    **{f"openhands, {how}": ("openhands", text) for how, text in test_transcripts_openhands.WRITTEN.items()},
    **{f"cline, {how}": ("cline", text) for how, text in test_transcripts_cline.WRITTEN.items()},
    **{f"copilot-chat, {how}": ("copilot-chat", text) for how, text in test_transcripts_copilot_chat.WRITTEN.items()},
    **{f"copilot-cli, {how}": ("copilot-cli", text) for how, text in test_transcripts_copilot_cli.WRITTEN.items()},
    **{f"cursor, {how}": ("cursor", text) for how, text in test_transcripts_cursor.WRITTEN.items()},
    **{f"opencode, {how}": ("opencode", text) for how, text in test_transcripts_opencode.WRITTEN.items()},
    **{f"gemini, {how}": ("gemini", text) for how, text in test_transcripts_gemini.WRITTEN.items()},
    **{f"messages, {how}": ("messages", text) for how, text in test_transcripts_messages.WRITTEN.items()},
    "codex": ("codex", lines([test_transcripts_codex.META, *test_transcripts_codex.SESSION])),
    "codex, older": ("codex", lines([{"id": "s"}, *(one["payload"] for one in test_transcripts_codex.SESSION)])),
    "pi": ("pi", lines([*PI])),
    "aider": ("aider", test_transcripts_aider.SESSION),
    "console": ("console", test_transcripts_console.SCREEN),
    "mini-swe-agent": ("swe-agent", json.dumps(MINI)),
    "mini-swe-agent, indented": ("swe-agent", json.dumps(MINI, indent=2)),
}
# What has lost its head may still be a list of messages, or a screen's text.
GENERAL = {"messages", "console"}


def taken(folder: Path, text: str, form: str = "") -> str:
    """The format that a file with this text is read in, or "" where it is refused."""
    path = folder / "session"
    path.write_text(text, encoding="utf-8")
    try:
        return read(path, form).format
    except TranscriptError as error:
        return "" if len(str(error).splitlines()) == 1 else str(error)


def test_every_format_has_a_sample() -> None:
    assert {name for name, _ in SAMPLES.values()} == {form.NAME for form in FORMATS}


@pytest.mark.parametrize(("name", "text"), SAMPLES.values(), ids=SAMPLES)
def test_a_sample_is_read_in_its_own_format(tmp_path: Path, name: str, text: str) -> None:
    assert taken(tmp_path, text) == name
    assert taken(tmp_path, text, name) == name


@pytest.mark.parametrize(("name", "text"), SAMPLES.values(), ids=SAMPLES)
def test_a_sample_that_lost_lines_or_bytes_is_never_read_in_another_tools_format(
    tmp_path: Path, name: str, text: str
) -> None:
    rng = random.Random(text)
    for _ in range(60):
        kept = text.split("\n")
        if rng.random() < 0.5:
            for _ in range(rng.randint(1, 3)):
                kept[rng.randrange(len(kept))] = ""
        mutated = "\n".join(kept)
        at = rng.randrange(len(mutated) or 1)
        match rng.randrange(4):
            case 0:
                mutated = mutated[: max(1, at)]
            case 1:
                mutated = mutated[:at] + mutated[at + rng.randint(1, 9) :]
            case 2:
                mutated = mutated[:at] + rng.choice(['"', "}", "\n", "\\", "x"]) + mutated[at:]
            case _:
                mutated += mutated[at:]
        assert taken(tmp_path, mutated) in {name, ""} | GENERAL


@pytest.mark.parametrize(("name", "text"), SAMPLES.values(), ids=SAMPLES)
def test_a_tools_output_that_shows_another_sample_does_not_mislead(tmp_path: Path, name: str, text: str) -> None:
    for shown, (_, other) in SAMPLES.items():
        quoted = json.dumps(other)[1:-1]
        if name in ("specstory", "aider", "console"):
            continue
        assert taken(tmp_path, text.replace("Done.", quoted, 1).replace("I look.", quoted, 1)) == name, shown


@pytest.mark.parametrize(("name", "text"), SAMPLES.values(), ids=SAMPLES)
def test_a_wrong_name_that_reads_nothing_gets_one_line_that_says_the_right_one(
    tmp_path: Path, name: str, text: str
) -> None:
    path = tmp_path / "session"
    path.write_text(text, encoding="utf-8")
    refused = {form.NAME for form in FORMATS if not taken(tmp_path, text, form.NAME)}
    assert name not in refused
    assert refused
    for form in refused:
        hint = f"leave --format out, and it is read as {name}."
        with pytest.raises(TranscriptError, match=re.escape(f"session is not in the format {form}: {hint}")):
            read(path, form)
