"""The recorded session played with its real tools, in a copy of the sample project that nobody else sees."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from throughline.agent.loop import Crew
from throughline.core.events import FileInjected, Replied, ToolReturned
from throughline.core.recording import scenes
from throughline.core.settings import Settings
from throughline.hands import rehearsal
from throughline.models.cache import PromptCache
from throughline.models.prices import load
from throughline.models.recorded import DemoModel
from throughline.session.owner import Owner
from throughline.transcripts.read import read
from throughline.workspace.folder import Folder
from unit.logs import BEGUN
from unit.worlds import Bench, Counted

DEMO = Path(__file__).parents[2] / "demo"


class Stage:
    """The recording, its tools, and a session that plays it."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.scenes = scenes(read(DEMO / "session.jsonl").steps)
        self.lines = ["\n\n".join(step.text for step in scene.words) for scene in self.scenes]

    def crew(self) -> Crew:
        store, tokens = self.bench.store, Counted()
        made = rehearsal(DEMO / "project", store.read("s"), store, tokens, lambda *_: None)
        self.root, tools = made.root, made.tools
        model = DemoModel(self.scenes, PromptCache(self.bench.clock, 1.0), tokens, 0.0)
        return Crew(model, "claude-sonnet-5-5", load(), tools, self.bench.clock, recorded=True, tell=tools.tell)

    async def start(self) -> Owner:
        crew = self.crew()
        self.bench.world = self.bench.over(Folder(self.root))
        return await Owner.start(self.bench.world, crew, Settings(), BEGUN)

    async def resume(self) -> Owner:
        crew = self.crew()
        self.bench.world = self.bench.over(Folder(self.root))
        return await Owner.resume(self.bench.world, crew, Settings(), "s")

    async def play(self, owner: Owner, *lines: str) -> None:
        for line in lines:
            await owner.send(line)
            await owner.idle()

    @property
    def results(self) -> dict[str, ToolReturned]:
        return {event.id: event for event in self.bench.heard.events if isinstance(event, ToolReturned)}


@pytest.fixture(scope="module")
def recorded() -> dict[str, bool]:
    """Whether each recorded call failed."""
    return {step.call_id: step.error for step in read(DEMO / "session.jsonl").steps if step.kind == "tool_result"}


async def test_its_calls_really_run_and_end_as_they_did_when_it_was_recorded(recorded: dict[str, bool]) -> None:
    stage = Stage()
    owner = await stage.start()
    assert (await owner.inject("toolshed/store.py", "skeleton")).form == "skeleton"
    await stage.play(owner, *stage.lines[:20])
    skeletons = [event.text for event in stage.bench.heard.events if isinstance(event, FileInjected)]
    assert len(skeletons) > 1
    assert len(set(skeletons)) == len(skeletons)
    assert {name: result.error for name, result in stage.results.items()} == {
        name: recorded[name] for name in stage.results
    }
    tests = [result.text for result in stage.results.values() if "passed" in result.text]
    assert "45 passed" in tests[0]
    assert (stage.root / "toolshed" / "lending.py").read_text() != (DEMO / "project/toolshed/lending.py").read_text()
    assert owner.session.compactions
    await owner.close()


async def test_off_script_it_says_what_it_is_and_how_to_set_a_key() -> None:
    stage = Stage()
    owner = await stage.start()
    await stage.play(owner, "What is the meaning of life?")
    (said,) = [item.text for item in owner.session.turns[0].items if isinstance(item, Replied)]
    assert "This is a recording" in said
    assert "ANTHROPIC_API_KEY" in said
    await owner.close()


async def test_a_session_that_is_resumed_finds_the_copy_as_its_edits_left_it() -> None:
    stage = Stage()
    owner = await stage.start()
    await stage.play(owner, *stage.lines[:12])
    before = {path: path.read_bytes() for path in sorted(stage.root.rglob("*.py"))}
    changed = {path.relative_to(stage.root): data for path, data in before.items()}
    await owner.close()
    first = stage.root
    owner = await stage.resume()
    assert stage.root != first
    assert {path.relative_to(stage.root): path.read_bytes() for path in sorted(stage.root.rglob("*.py"))} == changed
    await stage.play(owner, stage.lines[12])
    assert owner.session.turns[-1].ending == "done"
    await owner.close()
    root = stage.root
    del owner, stage
    gc.collect()
    assert not root.exists()
    assert not first.exists()
