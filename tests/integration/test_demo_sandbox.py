"""The recorded session played with its real tools, in a copy of the sample project that nobody else sees."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from throughline.agent.loop import AgentConfig
from throughline.app.tool_ports import demo_sandbox
from throughline.domain.events import AssistantMessage, FileInjected, ToolReturned
from throughline.domain.ports import Model
from throughline.domain.recording import recorded_turns
from throughline.domain.settings import Settings
from throughline.llm.catalogue import load_prices
from throughline.llm.prompt_cache_model import PromptCacheModel
from throughline.llm.replay_model import ScriptedDemoModel
from throughline.session.live_session import LiveSession
from throughline.testing.served_model import ServedModel
from throughline.transcripts.read import read
from throughline.workspace.workspace_files import WorkspaceFiles
from unit.contracts import CONTRACTS
from unit.event_logs import STARTED
from unit.session_harness import ApproximateTokens, SessionHarness

DEMO = Path(__file__).parents[2] / "demo"


class Stage:
    """The recording, its tools, and a session that plays it."""

    def __init__(self, served: str = "") -> None:
        self.bench = SessionHarness()
        self.served = served
        self.models: list[ServedModel] = []
        self.scenes = recorded_turns(read(DEMO / "session.jsonl").steps)
        self.lines = ["\n\n".join(step.text for step in scene.words) for scene in self.scenes]

    def config(self) -> AgentConfig:
        store, tokens = self.bench.store, ApproximateTokens()
        made = demo_sandbox(DEMO / "project", store.read("s"), store, tokens, lambda *_: None)
        self.root, tools = made.root, made.tools
        model: Model = ScriptedDemoModel(self.scenes, PromptCacheModel(self.bench.clock, 1.0), tokens, 0.0)
        if self.served:
            self.models.append(ServedModel(model, clock=self.bench.clock, thinks=True))
            model = self.models[-1]
        return AgentConfig(
            model,
            self.served or "claude-sonnet-5-5",
            load_prices(),
            tools,
            self.bench.clock,
            recorded=True,
            tell=tools.notify_external_changes,
        )

    async def start(self) -> LiveSession:
        config = self.config()
        self.bench.ports = self.bench.over(WorkspaceFiles(self.root))
        return await LiveSession.start(self.bench.ports, config, Settings(), STARTED)

    async def resume(self) -> LiveSession:
        config = self.config()
        self.bench.ports = self.bench.over(WorkspaceFiles(self.root))
        return await LiveSession.resume(self.bench.ports, config, Settings(), "s")

    async def play(self, live: LiveSession, *lines: str) -> None:
        for line in lines:
            await live.send(line)
            await live.idle()

    @property
    def results(self) -> dict[str, ToolReturned]:
        return {event.id: event for event in self.bench.heard.events if isinstance(event, ToolReturned)}


@pytest.fixture(scope="module")
def recorded() -> dict[str, bool]:
    """Whether each recorded call failed."""
    return {step.call_id: step.error for step in read(DEMO / "session.jsonl").steps if step.kind == "tool_result"}


async def test_its_calls_really_run_and_end_as_they_did_when_it_was_recorded(recorded: dict[str, bool]) -> None:
    stage = Stage()
    live = await stage.start()
    assert (await live.inject("toolshed/store.py", "skeleton")).form == "skeleton"
    await stage.play(live, *stage.lines[:20])
    skeletons = [event.text for event in stage.bench.heard.events if isinstance(event, FileInjected)]
    assert len(skeletons) > 1
    assert len(set(skeletons)) == len(skeletons)
    assert {name: result.error for name, result in stage.results.items()} == {
        name: recorded[name] for name in stage.results
    }
    tests = [result.text for result in stage.results.values() if "passed" in result.text]
    assert "45 passed" in tests[0]
    assert (stage.root / "toolshed" / "lending.py").read_text() != (DEMO / "project/toolshed/lending.py").read_text()
    assert live.session.compactions
    await live.close()


@pytest.mark.slow
@CONTRACTS
async def test_its_calls_end_as_recorded_over_each_contract_and_nothing_is_refused(
    recorded: dict[str, bool], model: str
) -> None:
    stage = Stage(model)
    live = await stage.start()
    try:
        await stage.play(live, *stage.lines[:8])
        assert stage.results
        assert {name: one.error for name, one in stage.results.items()} == {
            name: recorded[name] for name in stage.results
        }
        assert [turn.ending for turn in live.session.turns] == ["done"] * 8
        (served,) = stage.models
        assert served.contract.refused == []
    finally:
        await live.close()
        for one in stage.models:
            await one.close()


async def test_off_script_it_says_what_it_is_and_how_to_set_a_key() -> None:
    stage = Stage()
    live = await stage.start()
    await stage.play(live, "What is the meaning of life?")
    (said,) = [item.text for item in live.session.turns[0].items if isinstance(item, AssistantMessage)]
    assert "This is a recording" in said
    assert "ANTHROPIC_API_KEY" in said
    await live.close()


async def test_a_session_that_is_resumed_finds_the_copy_as_its_edits_left_it() -> None:
    stage = Stage()
    live = await stage.start()
    await stage.play(live, *stage.lines[:12])
    before = {path: path.read_bytes() for path in sorted(stage.root.rglob("*.py"))}
    changed = {path.relative_to(stage.root): data for path, data in before.items()}
    await live.close()
    first = stage.root
    live = await stage.resume()
    assert stage.root != first
    assert {path.relative_to(stage.root): path.read_bytes() for path in sorted(stage.root.rglob("*.py"))} == changed
    await stage.play(live, stage.lines[12])
    assert live.session.turns[-1].ending == "done"
    await live.close()
    root = stage.root
    del live, stage
    gc.collect()
    assert not root.exists()
    assert not first.exists()
