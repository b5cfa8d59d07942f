"""The model of a provider's prompt cache, and the breakpoints that make it find what it holds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.domain.settings import Hour
from throughline.domain.view import Block, View
from throughline.llm.messages import LOOK_BACK, MARKS, Ttl, breakpoints, is_sent, translate
from throughline.llm.prompt_cache_model import Entries, Part, PromptCacheModel, Split
from throughline.testing.provider_contract import MarksError, Prefixes
from unit.session_harness import ManualClock


def prompt(blocks: str, marks: str = "", hour: str = "") -> list[Part]:
    """Blocks of ten tokens, a letter each; those in `marks` have a breakpoint, those in `hour` one for an hour."""
    ttls: dict[str, Ttl] = {**dict.fromkeys(marks, "5m"), **dict.fromkeys(hour, "1h")}
    return [Part(blocks[: place + 1], 10, ttls.get(letter)) for place, letter in enumerate(blocks)]


LONG = "a" + "b" * LOOK_BACK


@pytest.mark.parametrize(
    ("prompts", "splits"),
    [
        pytest.param([(0, prompt("abc"))], [(0, 0, 0, 30)], id="nothing is kept without a breakpoint"),
        pytest.param(
            [(0, prompt("abc", "c")), (300, prompt("abcde", "e")), (301, prompt("abcde", "e"))],
            [(0, 30, 0, 0), (30, 20, 0, 0), (0, 50, 0, 0)],
            id="five minutes, and not a second more",
        ),
        pytest.param(
            [(0, prompt("abc", "c")), (200, prompt("abc", "c")), (200, prompt("abc", "c"))],
            [(0, 30, 0, 0), (30, 0, 0, 0), (30, 0, 0, 0)],
            id="being found renews an entry",
        ),
        pytest.param(
            [(0, prompt("abc", "c")), (0, prompt("abx", "x"))],
            [(0, 30, 0, 0), (0, 30, 0, 0)],
            id="a shared prefix is no entry where no breakpoint stood",
        ),
        pytest.param(
            [(0, prompt("abc", "ac")), (0, prompt("axy", "ay"))],
            [(0, 30, 0, 0), (10, 20, 0, 0)],
            id="the stable part is found though the rest has changed",
        ),
        pytest.param(
            [(0, prompt("abc", "b")), (0, prompt("abd", "b"))],
            [(0, 20, 0, 10), (20, 0, 0, 10)],
            id="what stands after the last breakpoint is fresh each time",
        ),
        pytest.param(
            [(0, prompt(LONG[:-1], "a")), (0, prompt(LONG[:-2] + "c", "c"))],
            [(0, 10, 0, 190), (10, 190, 0, 0)],
            id="the look-back reaches 19 blocks",
        ),
        pytest.param(
            [(0, prompt(LONG, "a")), (0, prompt(LONG[:-1] + "c", "c"))],
            [(0, 10, 0, 200), (0, 210, 0, 0)],
            id="and no further",
        ),
        pytest.param(
            [(0, prompt("abc", "c", "a")), (301, prompt("abcd", "d", "a")), (3600, prompt("ab", "b", "a"))],
            [(0, 30, 10, 0), (10, 30, 0, 0), (10, 10, 0, 0)],
            id="an hour for what is marked so",
        ),
        pytest.param(
            [(0, prompt("abc", "", "c")), (3601, prompt("abc", "", "c"))],
            [(0, 30, 30, 0), (0, 30, 30, 0)],
            id="and no longer",
        ),
    ],
)
def test_what_a_prompt_reads_and_writes(
    prompts: list[tuple[float, list[Part]]], splits: list[tuple[int, int, int, int]]
) -> None:
    entries, now, seen = Entries(), 0.0, []
    for wait, parts in prompts:
        now += wait
        seen.append(entries.take(parts, now))
    assert seen == [Split(*split) for split in splits]


def test_a_prefix_below_the_minimum_is_not_kept_and_nobody_says_so() -> None:
    entries = Entries(minimum=25)
    assert entries.take(prompt("ab", "b"), 0) == Split(0, 0, 0, 20)
    assert entries.take(prompt("abc", "ac"), 0) == Split(0, 30, 0, 0)
    assert entries.take(prompt("abcd", "ad"), 0) == Split(30, 10, 0, 0)


def view(spelling: str) -> View:
    """A block a letter: s system, u user, a assistant, c call, r result, - blank; capitals have a breakpoint."""
    kinds = {
        "s": ("system", "system", "text"), "u": ("turn", "user", "text"), "a": ("turn", "assistant", "text"),
        "c": ("turn", "assistant", "call"), "r": ("turn", "user", "result"), "-": ("turn", "user", "text"),
    }  # fmt: skip
    blocks = []
    for number, letter in enumerate(spelling):
        place, role, content = kinds[letter.lower()]
        order = sum(one.lower() == letter.lower() for one in spelling[:number])
        name = f"call{order}" if content != "text" else ""
        text = "" if letter == "-" else f"{letter.lower()}{number}"
        args = {"n": number} if content == "call" else None
        blocks.append(Block(place, role, text, 10, content, name, "read", args, cached=letter.isupper()))  # type: ignore[arg-type]
    return View(tuple(blocks))


MANY = LOOK_BACK // 2


@pytest.mark.parametrize(
    ("spelling", "places"),
    [
        pytest.param("suU", {2}, id="the view's own"),
        pytest.param("SuauAuU", {0, 4, 6}, id="all of them"),
        pytest.param("SSSSSU", {2, 3, 4, 5}, id="the last four"),
        pytest.param("S-uU", {0, 3}, id="blank text counts for nothing"),
        pytest.param(
            "Su" + "c" * MANY + "r" * (MANY - 1) + "R", {0, 1, 21}, id="many calls: the last prompt's end too"
        ),
        pytest.param("SSSu" + "c" * MANY + "r" * (MANY - 1) + "R", {1, 2, 3, 23}, id="in place of the first"),
        pytest.param("Suaucr" + "c" * MANY + "r" * (MANY - 1) + "R", {0, 5, 25}, id="the last one, not one before"),
        pytest.param("Su" + "c" * 3 + "rrR", {0, 7}, id="few calls need none"),
        pytest.param("su" + "c" * MANY + "r" * MANY, set(), id="no breakpoint, none beside it"),
    ],
)
def test_where_breakpoints_stand(spelling: str, places: set[int]) -> None:
    assert breakpoints(view(spelling).blocks) == places


@pytest.mark.parametrize("calls", [1, 7, 9, 10, 11, 19, 20, 21, 60])
def test_a_reply_of_any_number_of_calls_finds_the_prefix_that_the_last_prompt_left(calls: int) -> None:
    clock = ManualClock()
    cache = PromptCacheModel(clock, 1.0)
    first = "SuauU"
    for grown in ("c" * calls + "r" * (calls - 1) + "R", "a" + "c" * calls + "r" * (calls - 1) + "R", "aU"):
        sent = view(first)
        cache.usage(sent, 0)
        longer = view(first.replace("U", "u").replace("R", "r") + grown)
        assert cache.usage(longer, 0).cache_read == sent.tokens
        first = first.replace("U", "u").replace("R", "r") + grown


@given(st.text("SsuUaAcCrR-", max_size=60))
def test_any_view_has_few_breakpoints_and_sends_them_all(spelling: str) -> None:
    given = view(spelling)
    places = breakpoints(given.blocks)
    assert len(places) <= MARKS
    assert all(is_sent(given.blocks[place]) for place in places)
    sent = translate(given)
    pieces = [*sent.system, *(piece for message in sent.messages for piece in message["content"])]
    assert sum("cache_control" in piece for piece in pieces) <= len(places)
    if places and max(places) == len(given.blocks) - 1 and given.blocks[-1].role == "user":
        assert "cache_control" in pieces[-1]


@pytest.mark.parametrize(
    ("hour", "system", "said"), [("never", None, None), ("stable", "1h", None), ("always", "1h", "1h")]
)
def test_what_is_to_be_kept_for_an_hour_is_said_in_so_many_words(hour: Hour, system: str, said: str) -> None:
    sent = translate(view("SuU"), hour)
    assert sent.system[0]["cache_control"].get("ttl") == system
    assert sent.messages[0]["content"][-1]["cache_control"].get("ttl") == said


@pytest.mark.parametrize(
    ("hour", "told"),
    [
        ("never", [(0, 60, 0), (0, 100, 0)]),
        ("stable", [(0, 60, 20), (20, 80, 0)]),
        ("always", [(0, 60, 60), (60, 40, 40)]),
    ],
)
def test_what_is_kept_for_an_hour_outlives_a_pause(hour: Hour, told: list[tuple[int, int, int]]) -> None:
    clock = ManualClock()
    cache = PromptCacheModel(clock, 2.0, hour)
    seen = [cache.usage(view("SuU"), 1)]
    clock.time += 1_800
    seen.append(cache.usage(view("SuuaU"), 1))
    assert [(one.cache_read, one.cache_write, one.hour) for one in seen] == told


def body(system: Sequence[str | None] = (), *said: str | None, model: str = "m") -> dict[str, object]:
    """A request; each text is followed by the breakpoint that stands after the colon in it."""

    def pieces(texts: Sequence[str | None]) -> list[dict[str, object]]:
        made: list[dict[str, object]] = []
        for text in texts:
            words, _, ttl = (text or "").partition(":")
            mark = {"cache_control": {"type": "ephemeral", **({"ttl": ttl} if ttl != "5m" else {})}} if ttl else {}
            made.append({"type": "text", "text": words, **mark})
        return made

    return {"model": model, "system": pieces(system), "messages": [{"role": "user", "content": pieces(said)}]}


def test_the_server_tells_prompts_apart_by_their_bytes_and_their_model() -> None:
    cache = Prefixes(lambda: 0.0, lambda _: 10)
    assert cache.split(body(["a"], "b:5m")) == Split(0, 20, 0, 0)
    assert cache.split(body(["a"], "b", "c:5m")) == Split(20, 10, 0, 0)
    assert cache.split(body(["a "], "b:5m")) == Split(0, 20, 0, 0)
    assert cache.split(body(["a", "b:5m"], "c")) == Split(0, 20, 0, 10), "a user's words are no system prompt"
    assert cache.split(body(["a"], "b:5m", model="n")) == Split(0, 20, 0, 0)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (body(["a:5m"] * 3, "b:5m", "c:5m"), "maximum of 4"),
        (body(["a:5m"], "b:1h"), "must not come after"),
        (body(["a:2h"]), "5m or 1h"),
    ],
)
def test_the_server_refuses_what_the_api_refuses(sent: dict[str, object], why: str) -> None:
    with pytest.raises(MarksError, match=why):
        Prefixes(lambda: 0.0, lambda _: 10).split(sent)
