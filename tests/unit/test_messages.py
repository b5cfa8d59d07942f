from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.ports import Tool
from throughline.domain.view import Block, View
from throughline.llm.messages import Json, tool_parameters, translate, warming_parameters

INTERRUPTED = "(Interrupted before there was a result.)"


def system(text: str, *, cached: bool = False) -> Block:
    return Block("system", "system", text, 1, cached=cached)


def user(text: str, *, cached: bool = False) -> Block:
    return Block("turn", "user", text, 1, cached=cached)


def says(text: str) -> Block:
    return Block("turn", "assistant", text, 1)


def call(name: str, tool: str = "read_file", **args: Any) -> Block:
    return Block("turn", "assistant", "", 1, content="call", id=name, tool=tool, args=args)


def result(name: str, text: str = "fine", *, error: bool = False, cached: bool = False) -> Block:
    return Block("turn", "user", text, 1, content="result", id=name, error=error, cached=cached)


def told(piece: Json) -> str:
    """A piece of a message, short enough to read in a table."""
    match piece["type"]:
        case "tool_use":
            return f"call {piece['id']}"
        case "tool_result":
            return f"result {piece['tool_use_id']}: {piece['content']}"
        case _:
            return str(piece["text"])


def check(blocks: list[Block], expected: list[list[str]]) -> None:
    """The messages, from the user's first on by turns, are the expected ones."""
    messages = translate(View(tuple(blocks))).messages
    assert [[told(piece) for piece in message["content"]] for message in messages] == expected
    roles = [message["role"] for message in messages]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        pytest.param([user("a"), user("b")], [["a", "b"]], id="blocks of one role share a message"),
        pytest.param(
            [user("a"), says("b"), call("1"), call("2"), result("1"), result("2", "ok")],
            [["a"], ["b", "call 1", "call 2"], ["result 1: fine", "result 2: ok"]],
            id="calls are answered in the next message",
        ),
        pytest.param(
            [user("a"), call("1"), user("wait"), result("1"), user("go")],
            [["a"], ["call 1"], ["result 1: fine", "wait", "go"]],
            id="results come first",
        ),
        pytest.param(
            [user("a"), call("1"), call("2"), result("2"), user("stop")],
            [["a"], ["call 1", "call 2"], ["result 2: fine", f"result 1: {INTERRUPTED}", "stop"]],
            id="a call without a result was interrupted",
        ),
        pytest.param(
            [user("a"), call("1")],
            [["a"], ["call 1"], [f"result 1: {INTERRUPTED}"]],
            id="a call at the end was interrupted",
        ),
        pytest.param(
            [user("a"), call("1"), user("b"), says("c"), result("1", "late")],
            [
                ["a"],
                ["call 1"],
                [f"result 1: {INTERRUPTED}", "b"],
                ["c"],
                ["(The result of an earlier call.)\nlate"],
            ],
            id="a late result is text",
        ),
        pytest.param(
            [result("1", "x"), user("a")],
            [["(The result of an earlier call.)\nx", "a"]],
            id="a result without a call is text",
        ),
        pytest.param(
            [user("a"), call("1"), result("1"), result("1", "again")],
            [["a"], ["call 1"], ["result 1: fine", "(The result of an earlier call.)\nagain"]],
            id="a second result is text",
        ),
        pytest.param(
            [user("a"), call("1"), result("1"), call("1"), result("1", "two")],
            [["a"], ["call 1"], ["result 1: fine"], ["call 1-2"], ["result 1-2: two"]],
            id="an id used twice is told apart",
        ),
        pytest.param(
            [user("a"), call("toolu.1/x"), result("toolu.1/x", " ")],
            [["a"], ["call toolu_1_x"], ["result toolu_1_x: (No output.)"]],
            id="an id that the API refuses is mended, a blank result named",
        ),
        pytest.param(
            [says("b"), user("c")],
            [["(The conversation goes on from here.)"], ["b"], ["c"]],
            id="the first message is the user's",
        ),
        pytest.param([user("a"), says("b")], [["a"], ["b"], ["(Go on.)"]], id="the last one too"),
        pytest.param([], [["(Go on.)"]], id="nothing at all"),
        pytest.param([user("a"), says(" \n"), user(""), user("b")], [["a", "b"]], id="blank text is left out"),
    ],
)
def test_messages(blocks: list[Block], expected: list[list[str]]) -> None:
    check(blocks, expected)


def test_system_blocks_keep_their_order_and_stay_out_of_the_messages() -> None:
    conversation = translate(View((system("one"), user("hi"), system(""), system("two", cached=True))))
    assert conversation.system == [
        {"type": "text", "text": "one"},
        {"type": "text", "text": "two", "cache_control": {"type": "ephemeral"}},
    ]
    assert conversation.messages == [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]


def test_a_call_and_its_result_carry_what_they_hold() -> None:
    conversation = translate(
        View((user("a"), call("1", "edit file", path="a.py"), result("1", "no", error=True, cached=True)))
    )
    assert conversation.messages[1:] == [
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "1", "name": "edit_file", "input": {"path": "a.py"}}],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "1",
                    "content": "no",
                    "is_error": True,
                    "cache_control": {"type": "ephemeral"},
                }
            ],
        },
    ]


def test_the_last_four_cache_marks_win() -> None:
    blocks = (system("s", cached=True), *(user(str(n), cached=True) for n in range(5)))
    assert marks(View(blocks)) == ["1", "2", "3", "4"]


def test_an_unchanged_start_of_a_view_is_sent_unchanged() -> None:
    start = [system("s"), user("a"), call("x"), result("x"), call("x"), result("x")]
    short = translate(View(tuple(start))).messages
    longer = translate(View((*start, says("b"), user("c")))).messages
    assert longer[: len(short)] == short


def test_tools_are_described_with_an_object_schema() -> None:
    schema = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
    bare = {"type": "object", "properties": {}}
    tools = (Tool("list", "Lists files."), Tool("read_file", "Reads a file.", schema))
    assert [tool["input_schema"] for tool in tool_parameters(tools)] == [bare, schema]


def marks(view: View) -> list[str]:
    return [told(piece) for piece in pieces(view) if "cache_control" in piece]


def pieces(view: View) -> list[Json]:
    conversation = translate(view)
    return [*conversation.system, *(piece for message in conversation.messages for piece in message["content"])]


words = st.sampled_from(["", " ", "\n", "a", "hello"])
blocks = st.builds(
    Block,
    place=st.just("turn"),
    role=st.sampled_from(["system", "user", "assistant"]),
    text=words,
    tokens=st.just(1),
    content=st.sampled_from(["text", "call", "result"]),
    id=st.sampled_from(["", "1", "2", "1-2", "ü", "x" * 70]),
    tool=st.sampled_from(["", "read_file", "two words"]),
    args=st.sampled_from([None, {}, {"path": "a"}]),
    error=st.booleans(),
    cached=st.booleans(),
)


@pytest.mark.slow
@given(st.lists(blocks, max_size=14))
def test_any_blocks_make_a_conversation_that_the_api_accepts(given: list[Block]) -> None:
    view = View(tuple(given))
    messages = translate(view).messages
    roles = [message["role"] for message in messages]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
    seen: set[str] = set()
    asked: list[str] = []
    for message in messages:
        assert message["content"]
        kinds = [piece["type"] for piece in message["content"]]
        answers = [piece["tool_use_id"] for piece in message["content"] if piece["type"] == "tool_result"]
        assert kinds[: len(answers)] == ["tool_result"] * len(answers)
        assert sorted(answers) == sorted(asked)
        asked = [piece["id"] for piece in message["content"] if piece["type"] == "tool_use"]
        assert message["role"] == "assistant" or not asked
        assert seen.isdisjoint(asked)
        seen.update(asked)
    assert len(marks(view)) <= 4
    for piece in pieces(view):
        assert told(piece).strip()
        assert piece.get("content") != ""
        if piece["type"] == "tool_use":
            assert re.fullmatch(r"[a-zA-Z0-9_-]+", piece["id"])
            assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", piece["name"])
            assert isinstance(piece["input"], dict)


@given(st.lists(blocks, max_size=14))
def test_nothing_that_was_said_is_lost(given: list[Block]) -> None:
    view = View(tuple(given))
    sent = pieces(view)
    said = [block for block in given if block.text.strip() and block.content != "call"]
    assert sum("hello" in told(piece) for piece in sent) == sum(block.text == "hello" for block in said)
    assert sum(piece["type"] == "tool_use" for piece in sent) == sum(b.content == "call" for b in given)


@pytest.mark.parametrize(
    ("thinking", "warmed"),
    [
        ({}, {"max_tokens": 0}),
        ({"thinking": {"type": "adaptive"}}, {"thinking": {"type": "adaptive"}, "max_tokens": 0}),
        ({"thinking": {"type": "enabled", "budget_tokens": 1_024}}, None),
    ],
)
def test_the_cache_is_filled_by_the_same_request_without_a_reply(thinking: Json, warmed: Json | None) -> None:
    asked = {"model": "m", "messages": [], "max_tokens": 4_096, **thinking}
    assert warming_parameters(asked) == (None if warmed is None else {"model": "m", "messages": [], **warmed})
