"""Real recorded sessions, where they are at hand: each replay's trace is valid, its summary and archive fit."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from throughline.app.container import Container
from throughline.cli.main import commands
from throughline.llm.tokens import O200k

SHARED = Path(__file__).parents[2].parent / "shared"
SESSIONS = SHARED / "sessions" / "transcripts" / "entireio-cli"
NAMES = (
    "attribution-2026-01-23", "gemini-session-cleanup-2026-02-08", "git-index-corruption-2026-02-08",
    "local-dev-hooks-2026-02-09", "session-end-hooks-2026-02-03",
)  # fmt: skip

pytestmark = pytest.mark.skipif(
    not SESSIONS.is_dir(), reason="the recorded sessions are not at hand (../shared/sessions)"
)


@pytest.fixture
def scorer(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The scorer of traces, with its folder's own modules."""
    monkeypatch.syspath_prepend(str(SHARED / "bench"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return importlib.import_module("score_cost")


@pytest.mark.parametrize("name", NAMES)
def test_a_real_sessions_trace_is_valid_and_its_summary_and_archive_fit(
    scorer: ModuleType, tmp_path: Path, name: str
) -> None:
    outputs = {part: tmp_path / part for part in ("project", "trace", "summary", "archive")}
    options = [word for part, path in outputs.items() for word in (f"--{part}", str(path))]
    done = CliRunner().invoke(commands, ["replay", str(SESSIONS / f"{name}.jsonl"), *options], obj=Container())
    assert done.exit_code == 0, done.output
    events = scorer.load(SESSIONS / f"{name}.jsonl")
    requests, wrong = scorer.traced(outputs["trace"], events)
    assert wrong == []
    assert len(requests) == len(scorer.call_points(events))
    count = O200k().count
    summary, archive = (outputs[part].read_text(encoding="utf-8") for part in ("summary", "archive"))
    assert 100 < count(summary) <= 800
    assert 100 < count(archive) <= 2_000
