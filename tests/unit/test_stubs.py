"""Lines that stand for a text: none is taken for the text itself, and what they stand for can be had back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.agent.output import masked
from throughline.agent.tool import tool_schema
from throughline.agent.tool_executor import tool_executor
from throughline.context.assemble import file_stub, result_stub
from throughline.context.trimming import head_and_tail
from throughline.domain.argument_masking import LONGEST, abridge, find_stub, masking_note
from throughline.domain.events import LedgerChanged, Masked, ToolCalled, ToolReturned
from throughline.domain.ledger import Add, Entry, Resolve
from throughline.storage.in_memory import MemoryStore
from unit.event_logs import STARTED, file, log, replied, session, spoke, view
from unit.tool_harness import ToolHarness

CALL = ToolCalled(1, "toolu_006a", "write_file", {"path": "a.py", "text": "line\n" * 168}, 400)
RESULT = ToolReturned(1, "toolu_006a", "x\n" * 40, 80)
KEY = "ghp_" + "a1" * 18  # Plainly made up.

STUBS = [
    "[masked: 168 lines; recall toolu_006a]",
    "[masked: read_file src/[id]/page.tsx, failed, 40 lines, 900 tokens; recall call-1.x]",
    "[ Masked: 10 lines ; recall toolu_006a ]",
    "[masked: 3 lines]",
    "[masked: 1,200 tokens, left out]",
    "[hidden credential: github token]",
    "[hidden credential ...]",
    masking_note(CALL),
    result_stub(RESULT, CALL),
    result_stub(RESULT, None),
    file_stub(file("src/a.py", "x")),
    masked(f"token = {KEY}"),
    "[… 12,345 more lines here: recall toolu_006a …]",
    "[… 12,345 more lines here: recall it with a later `first` …]",
    "[… 9,000 characters were printed here and not kept …]",
    head_and_tail("word " * 900, 400, "toolu_1"),
    head_and_tail("word " * 900, 400, "spoke:3:900"),
]


@pytest.mark.parametrize("stub", STUBS)
@pytest.mark.parametrize("around", ["{}", "def f():\n    {}\n    return 1\n", "a = 1  # {} b"])
async def test_no_tool_takes_an_argument_that_holds_one(tmp_path: Path, stub: str, around: str) -> None:
    tools_harness = ToolHarness(tmp_path)
    tools_harness.write("a.py", "one\n")
    text = around.format(stub)
    for tool in tools_harness.tools.offered():
        for name, told in tool_schema(tool.name).tool.schema["properties"].items():
            if told["type"] != "string":
                continue
            result = await tools_harness.call(tool.name, **{name: text})
            assert result.error
            assert result.text.startswith(f"Nothing was done: `{name}` holds the line [")
    assert tools_harness.answers.asked == []
    assert (tmp_path / "a.py").read_text() == "one\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]


async def test_a_refused_call_says_how_to_get_the_text_back(tmp_path: Path) -> None:
    tools_harness = ToolHarness(tmp_path)
    copied = await tools_harness.call("write_file", path="b.py", text=STUBS[0])
    assert "`recall` with id toolu_006a gives it back" in copied.text
    hidden = await tools_harness.call("write_file", path="b.py", text="key = [hidden credential: known]")
    assert "leave that line out of it" in hidden.text


ALIKE = [
    "values[masked: 3]", "x = a[masked:]", "the result is [masked]", "[masked: see below]", "mask = [hidden, shown]",
    'f"[masked: {what}, {lines} lines, {tokens} tokens; recall {id}]"', "recall toolu_1", "hidden credential",
    'MASK = "[hidden credential: {}]"', "[skeleton of {path}: superseded or removed]",
]  # fmt: skip


@pytest.mark.parametrize("text", ALIKE)
async def test_what_only_speaks_of_them_is_written(tmp_path: Path, text: str) -> None:
    assert not (await ToolHarness(tmp_path).call("write_file", path="a.txt", text=text)).error
    assert (tmp_path / "a.txt").read_text() == text


def test_arguments_are_looked_through_to_the_bottom() -> None:
    found = find_stub({"edits": [{"path": "a"}, {"new": ["x", {"deep": f"a {STUBS[0]}"}]}]})
    assert found is not None
    assert (found.argument, found.call) == ("edits", "toolu_006a")


VALUES = st.recursive(
    st.text(max_size=LONGEST * 2) | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.dictionaries(st.text("abc", min_size=1, max_size=6), VALUES, max_size=4)


@pytest.mark.slow
@given(ARGUMENTS, st.booleans())
def test_a_call_in_the_view_holds_its_own_arguments_or_nothing(args: dict[str, Any], whole: bool) -> None:
    call = ToolCalled(1, "x", "any", args, 400)
    ids = (call.key,) if whole else (call.key, "x")
    story = (spoke(1, "go"), call, ToolReturned(1, "x", "ok", 1), replied(1, "done"), Masked(ids))
    asked, answered = view(session(*story)).blocks[-3:-1]
    assert asked.args is not None
    assert all(args[name] == value for name, value in asked.args.items())
    assert list(asked.args) == [name for name in args if name in asked.args]
    for name in args.keys() - asked.args.keys():
        assert f"[masked: {name} of this call" in answered.text
    assert answered.text.count("recall x") >= len(args) - len(asked.args)


async def test_recall_gives_back_what_a_call_was_given_and_what_it_gave_back(tmp_path: Path) -> None:
    store = MemoryStore()
    tools_harness = ToolHarness(tmp_path, store=store)
    args = {"path": "a.py", "text": "one\n  two\n" * 100}
    call, result = ToolCalled(1, "c9", "write_file", args, 4), ToolReturned(1, "c9", "wrote a.py: 200 lines", 4)
    store.append("s", log(STARTED, call, result))
    assert abridge(call) == {"path": "a.py"}
    back = await tools_harness.call("recall", id="c9")
    assert args["text"] in back.text
    assert "path: a.py" in back.text
    assert back.text.endswith("Result:\nwrote a.py: 200 lines")
    later = await tools_harness.call("recall", id="c9", first=203)
    assert later.text.endswith("wrote a.py: 200 lines")
    assert "one" not in later.text
    assert (await tools_harness.call("recall", id="c9", first=900)).error


async def test_recall_finds_neither_itself_nor_what_it_gave_back_before(tmp_path: Path) -> None:
    store = MemoryStore()
    tools_harness = ToolHarness(tmp_path, store=store)
    asked = ToolCalled(2, "r1", "recall", {"query": "green kiosk"}, 4)
    story = (spoke(1, "paint the green kiosk"), asked, ToolReturned(2, "r1", "[turn 1, user] the green kiosk", 4))
    now = (spoke(3, "and the zeppelin?"), ToolCalled(3, "r2", "recall", {"query": "zeppelin hangar"}, 4))
    store.append("s", log(STARTED, *story, *now))
    assert (await tools_harness.call("recall", query="green kiosk")).text == "[turn 1, user] paint the green kiosk"
    assert (await tools_harness.call("recall", query="zeppelin hangar")).text.startswith("Nothing was said of that")


LISTED = [
    Entry("t1.1", "decision", "Use SQLite", "agent", (1,), why="it is there"),
    Entry("t1.2", "constraint", "No new packages", "user", (1, 3)),
    Entry("t1.3", "issue", "It rounds down", "agent", (1,)),
    Entry("t1.4", "rule", "Never push, unless I say so.", "user", (2,)),
    Entry("t1.5", "milestone", "The store holds", "agent", (2,)),
    Entry("t1.6", "decision", "Use files", "agent", (1,), state="revised"),
]
DECIDED = ["- t1.2 (constraint, turns 1, 3, the user's): No new packages"]
DECIDED.append("- t1.1 (decision, turn 1): Use SQLite because it is there")
ASKED = [
    ("decisions", DECIDED),
    ("Decisions Made", ["- t1.4 (rule, turn 2, the user's): Never push, unless I say so.", *DECIDED]),
    ("decision", DECIDED[1:]),
    ("constraints", DECIDED[:1]),
    ("known issues", ["- t1.3 (issue, turn 1): It rounds down"]),
    ("issues", ["- t1.3 (issue, turn 1): It rounds down"]),
    ("Rules", ["- t1.4 (rule, turn 2, the user's): Never push, unless I say so."]),
    ("questions", ["The memory holds no questions."]),
    ("do-not-revisit", ["The memory holds no do not revisit."]),
]


@pytest.mark.parametrize(("query", "lines"), ASKED, ids=[row[0] for row in ASKED])
async def test_recall_lists_what_the_summary_counted(tmp_path: Path, query: str, lines: list[str]) -> None:
    tools_harness = ToolHarness(tmp_path)
    await tools_harness.log.record(LedgerChanged(tuple(map(Add, LISTED)), "user"))
    assert (await tools_harness.call("recall", query=query)).text.splitlines() == lines


async def test_work_is_listed_with_a_line_for_each_turn_in_pages(tmp_path: Path) -> None:
    tools_harness = ToolHarness(tmp_path)
    for turn in range(1, 70):
        await tools_harness.log.record(spoke(turn, f"Mend board {turn} of the shed."), replied(turn, "It holds now."))
    await tools_harness.log.record(LedgerChanged(tuple(map(Add, LISTED))))
    tools_harness.turn = 70
    first = (await tools_harness.call("recall", query="work")).text.splitlines()
    assert first[0] == "- t1.5 (milestone, turn 2): The store holds"
    assert first[1].startswith("- Turn 69: «Mend board 69 of the shed.»")
    assert first[-1] == f"… and {70 - (len(first) - 1)} more: recall work with `first` {len(first)}"
    second = (await tools_harness.call("recall", query="work", first=len(first))).text.splitlines()
    assert len(first) - 1 + len(second) == 70
    assert second[-1].startswith("- Turn 1: ")
    assert (await tools_harness.call("recall", query="work", first=99)).error


async def test_a_hit_among_the_entries_names_its_id_and_whether_it_holds(tmp_path: Path) -> None:
    store = MemoryStore()
    tools_harness = ToolHarness(tmp_path, store=store)
    changed = LedgerChanged((Add(LISTED[0]), Add(LISTED[2]), Resolve("t1.3", "mended", "agent")))
    await tools_harness.log.record(changed)
    store.append(tools_harness.log.session.id, log(changed))
    assert (await tools_harness.call("recall", query="SQLite")).text == "[turn 1, entry t1.1] Use SQLite it is there"
    rounds = (await tools_harness.call("recall", query="rounds")).text
    assert rounds == "[turn 1, entry t1.3, no longer in force] It rounds down"


def test_every_tool_is_looked_at(tmp_path: Path) -> None:
    assert {tool.name for tool in tool_executor(ToolHarness(tmp_path).ports).offered()} >= {
        "write_file",
        "edit_file",
        "run_command",
    }
