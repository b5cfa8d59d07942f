"""The demo and the public recordings, played over each contract: the server that enforces it refuses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from throughline.testing.contract_replay import replay_over_contract
from unit.contracts import CONTRACTS, NEWEST

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "sessions" / "raw"
RECORDINGS = sorted(path for path in SHARED.rglob("*") if path.suffix in {".jsonl", ".md", ".traj"})


@pytest.mark.slow
@CONTRACTS
async def test_the_demo_is_never_refused_and_does_all_that_it_can_do(model: str) -> None:
    played = await replay_over_contract(ROOT / "demo" / "session.jsonl", model)
    assert played.refused == ()
    assert played.failed == ()
    assert played.calls > 100
    assert played.compactions
    assert played.maskings
    assert played.thoughts > (200 if model == NEWEST else 40)


@pytest.mark.slow
@pytest.mark.skipif(not RECORDINGS, reason="the recorded sessions are not at hand (../shared/sessions)")
@CONTRACTS
@pytest.mark.parametrize("path", RECORDINGS or [Path("none")], ids=lambda path: path.stem[:24])
async def test_a_public_recording_is_never_refused(path: Path, model: str) -> None:
    played = await replay_over_contract(path, model)
    assert played.refused == ()
    assert played.failed == ()
