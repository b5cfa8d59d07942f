"""A view that does not fit is cut to what can be sent: the newest turn, too, and always."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.context.assemble import render_turns, sizes
from throughline.context.trimming import FLOOR, NOTE_TOKENS, head_and_tail, hidden_calls, staying, trim, trimming_key
from throughline.domain.events import (
    Event,
    Item,
    Masked,
    Notice,
    RoleAndModelChanged,
    SessionStarted,
    ToolCalled,
    ToolReturned,
    Trimmed,
    TurnEnded,
)
from throughline.domain.ports import CallPiece, EndPiece, Piece, Request, TooLongError
from throughline.domain.session import Session, fold
from throughline.domain.settings import Settings
from throughline.domain.usage import Usage
from throughline.domain.view import View
from throughline.session.live_session import LiveSession
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import count, done, event_sequences, events, file, log, replied, session, spoke, view
from unit.session_harness import SessionHarness

# What the smallest view of a session holds beside its prefix: the user's first and last words of the turn, cut short.
ROOM = FLOOR + NOTE_TOKENS + 100


def cut_down(now: Session, most: int) -> tuple[Session, View]:
    """The session after it was trimmed, and its view."""
    made = trim(now, view(now).tokens, most, sizes(now), count)
    after = fold(log(*made, first=now.seq + 1), now)
    return after, view(after)


def prefix(now: Session) -> int:
    return view(now).tokens - sum(size for _, size in sizes(now))


def pair(turn: int, name: str, text: str, **args: str) -> tuple[Event, Event]:
    return (
        ToolCalled(turn, name, "read_file", dict(args), count(str(args))),
        ToolReturned(turn, name, text, count(text)),
    )


LONG = st.integers(0, 30_000).map(lambda size: "a line of words\n" * (size // 16))
WORDS = st.one_of(LONG, st.text(max_size=40))
STEPS = st.one_of(
    WORDS.map(lambda text: ("user", text)),
    WORDS.map(lambda text: ("agent", text)),
    st.lists(WORDS, min_size=1, max_size=12).map(lambda texts: ("calls", texts)),
    st.integers(20, 90).map(lambda steps: ("calls", ["a small result of some words"] * steps)),
)
# What a limit leaves beside the smallest view: often hardly anything.
MORE = st.one_of(st.integers(0, 300), st.integers(0, 20_000))


@st.composite
def running(draw: st.DrawFn) -> Session:
    """A session with a past, and a turn of any shape and size that has not ended."""
    before = events(draw(event_sequences(most=10)))
    now = fold(log(*before))
    number = now.turns[-1].number + 1 if now.turns else 1
    made: list[Event] = [done(now.open.number)] if now.open else []
    made.append(spoke(number, draw(WORDS)))
    for place, (who, said) in enumerate(draw(st.lists(STEPS, max_size=12))):
        if who == "user":
            made.append(spoke(number, str(said)))
        elif who == "agent":
            made.append(replied(number, str(said)))
        else:
            pairs = [pair(number, f"r{place}.{at}", text, path=text) for at, text in enumerate(said)]
            made += [call for call, _ in pairs] + [result for _, result in pairs]
    return fold(log(*made, first=now.seq + 1), now)


@pytest.mark.slow
@given(running(), MORE)
def test_a_view_of_any_session_fits_into_any_limit_above_its_prefix(now: Session, more: int) -> None:
    most = prefix(now) + ROOM + more
    after, cut = cut_down(now, most)
    assert cut.tokens <= most
    calls = {block.id for block in cut.blocks if block.content == "call"}
    assert all(block.id in calls for block in cut.blocks if block.content == "result")
    assert after.turns == now.turns  # The log and what was said stay whole.


@pytest.mark.slow
@given(running(), MORE)
def test_what_was_cut_stays_cut_the_same_way_whoever_makes_the_view(now: Session, more: int) -> None:
    after, _ = cut_down(now, prefix(now) + ROOM + more)
    number = after.turns[-1].number
    later = fold(
        log(replied(number, "So."), *pair(number, "z", "text"), spoke(number, "on"), first=after.seq + 1), after
    )
    grown = render_turns(later, render_turns(after, render_turns(now)))
    assert list(grown.blocks) == list(render_turns(later).blocks)
    before = list(render_turns(after).blocks)
    assert list(grown.blocks)[: len(before)] == before


def test_many_large_results_at_once_each_keep_their_beginning_and_end() -> None:
    texts = [f"first of {n}\n" + "line\n" * 8_000 + f"last of {n}\n" for n in range(9)]
    pairs = [pair(1, f"c{n}", text) for n, text in enumerate(texts)]
    now = session(spoke(1, "Read all."), *(call for call, _ in pairs), *(result for _, result in pairs))
    _, cut = cut_down(now, 20_000)
    results = [block.text for block in cut.blocks if block.content == "result"]
    assert 10_000 < cut.tokens <= 20_000
    for n, text in enumerate(results):
        assert text.startswith(f"first of {n}\n")
        assert text.endswith(f"last of {n}\n")
        assert f"are hidden, because they did not fit: recall c{n} …]" in text


def test_a_giant_message_is_shown_by_its_head_and_tail_and_small_ones_whole() -> None:
    now = session(spoke(1, "Begin."), replied(1, "Yes."), done(1), spoke(2, f"Sum it up:\n{'x' * 240_000}\nin a line."))
    _, cut = cut_down(now, 8_000)
    texts = [block.text for block in cut.blocks if block.place == "turn"]
    assert texts[:2] == ["Begin.", "Yes."]
    assert texts[2].startswith("Sum it up:\n")
    assert texts[2].endswith("\nin a line.")


def test_a_long_turn_of_small_steps_leaves_out_the_oldest_with_their_results() -> None:
    steps = [one for n in range(400) for one in (*pair(1, f"c{n}", "small " * 20, path="a"), replied(1, "next"))]
    now = session(spoke(1, "Go through all."), *steps)
    after, cut = cut_down(now, 3_000)
    assert cut.tokens <= 3_000
    texts = [block.text for block in cut.blocks if block.place == "turn"]
    assert "are left out here, because they did not fit" in texts[0]
    assert texts[1] == "Go through all."
    assert "c399" in {block.id for block in cut.blocks if block.content == "result"}
    assert after.left_out.turn == 1


def test_a_higher_limit_shows_all_again_and_a_lower_one_does_not() -> None:
    now = session(spoke(1, "x" * 90_000))
    after, _ = cut_down(now, 5_000)
    assert after.cuts
    lower = fold(log(RoleAndModelChanged("engineer", "small", 50_000), first=after.seq + 1), after)
    higher = fold(log(RoleAndModelChanged("engineer", "large", 900_000), first=after.seq + 1), after)
    assert (bool(lower.cuts), higher.cuts) == (True, {})
    assert view(higher) == view(now)


def test_a_view_that_fits_is_left_alone() -> None:
    now = session(file("a.py", "x = 1\n"), spoke(1, "Go."))
    assert trim(now, view(now).tokens, 10_000, sizes(now), count) == ()


@given(st.text(max_size=300), st.integers(0, 300))
def test_a_head_and_a_tail_are_the_texts_own(text: str, characters: int) -> None:
    made = head_and_tail(text, min(characters, len(text)), "c1")
    head, _, tail = made.partition("[… ")
    tail = tail.partition(" …]")[2]
    assert text.startswith(head.rstrip("\n"))
    assert text.endswith(tail.removeprefix("\n"))


def test_words_have_a_key_by_their_length_and_short_ones_none() -> None:
    assert (trimming_key(spoke(1, "x" * 4_000)), trimming_key(spoke(1, "ok"))) == ("spoke:1:1001", "")


class Narrow:
    """A model that takes so many tokens, and says so or not; it answers a message with reads, then in words."""

    def __init__(self, most: int, named: int = 0, reason: str = "") -> None:
        self.most = most
        self.named = named
        self.reason = reason
        self.requests: list[Request] = []
        self.refused = 0

    async def stream(self, request: Request) -> AsyncIterator[Piece]:
        self.requests.append(request)
        if request.view.tokens > self.most:
            self.refused += 1
            if self.reason:
                yield EndPiece(self.reason, Usage(1, 1))
                return
            raise TooLongError("Too long.", self.named)
        asked = request.view.blocks[-1].content == "result" or "Read" not in request.view.blocks[-1].text
        reply = (
            ScriptedReply("Answer.")
            if asked
            else ScriptedReply("", tuple(CallPiece(f"c{n}", "read_file", {}) for n in range(9)))
        )
        async for piece in ScriptedModel([reply]).stream(request):
            yield piece

    def suggestion(self, said: object) -> str:  # noqa: ARG002
        return ""


async def live(model: Narrow, *texts: str, limit: int = 200_000) -> tuple[SessionHarness, list[Event]]:
    """What a session tells in which the user says these texts, and nine large results answer each reading."""
    harness = SessionHarness()
    results = {f"c{n}": f"line {n}\n" * 20_000 for n in range(9)}
    begun = SessionStarted("s", "read", "engineer", "toolshed", "claude-sonnet-5-5", limit)
    live = await LiveSession.start(harness.ports, harness.config(model, results), Settings(), begun)
    for text in texts:
        await live.send(text)
        await live.idle()
    await live.close()
    return harness, harness.heard.events


@pytest.mark.parametrize(
    ("model", "limit", "refused"),
    [
        pytest.param(Narrow(110_000), 200_000, 0, id="by the count, before it is sent"),
        pytest.param(Narrow(30_000), 200_000, None, id="by the refusals"),
        pytest.param(Narrow(9_000, named=15_000), 200_000, 1, id="by the limit that a refusal names"),
        pytest.param(Narrow(9_000), 15_000, 0, id="in a small window"),
        pytest.param(Narrow(30_000, reason="model_context_window_exceeded"), 200_000, None, id="by a reply's end"),
    ],
)
async def test_a_session_goes_on_after_nine_large_reads_at_once(model: Narrow, limit: int, refused: int | None) -> None:
    _, told = await live(model, "Hello.", "Read all.", "And now?", limit=limit)
    assert [event.ending for event in told if isinstance(event, TurnEnded)] == ["done"] * 3
    assert refused is None or model.refused == refused
    notes = [event.text for event in told if isinstance(event, Notice)]
    assert any("did not fit into claude-sonnet-5-5's context" in text and "recall" in text for text in notes)


async def test_what_is_as_long_as_something_refused_is_not_sent_again() -> None:
    model = Narrow(30_000)
    await live(model, "Read all.")
    first = model.refused
    again = Narrow(30_000)
    _, told = await live(again, "Read all.", "Hm.", f"Sum up: {'word ' * 90_000}", f"And: {'word ' * 90_000}")
    assert [event.ending for event in told if isinstance(event, TurnEnded)] == ["done"] * 4
    assert again.refused == first


async def test_a_message_larger_than_the_window_is_answered() -> None:
    model = Narrow(9_000)
    _, told = await live(model, f"Sum up: {'word ' * 48_000}", "And?", limit=15_000)
    assert [event.ending for event in told if isinstance(event, TurnEnded)] == ["done"] * 2
    assert model.refused == 0
    assert all(request.limit <= 15_000 / 4 for request in model.requests)


async def test_what_was_cut_is_in_the_log_whole_and_the_cut_beside_it() -> None:
    harness, _ = await live(Narrow(110_000), "Read all.")
    kept = [one.event for one in harness.store.read("s")]
    results = [event for event in kept if isinstance(event, ToolReturned)]
    assert [len(event.text) for event in results] == [140_000] * 9
    trimmed = next(event for event in kept if isinstance(event, Trimmed))
    assert {cut.id for cut in trimmed.cuts} == {event.id for event in results}


def test_arguments_that_do_not_fit_become_stubs() -> None:
    call, result = pair(1, "c1", "ok", content="x" * 100_000)
    now = session(spoke(1, "Write it."), call, result)
    after, cut = cut_down(now, 2_000)
    assert after.masked == {"c1:arguments"}
    assert cut.tokens <= 2_000
    assert Masked(("c1:arguments",)) in trim(now, view(now).tokens, 2_000, sizes(now), count)


def test_of_what_is_left_out_the_users_first_and_last_words_stay() -> None:
    items: list[Item] = [
        spoke(1, "go"),
        replied(1, "yes"),
        spoke(1, "no"),
        spoke(1, "wait"),
        replied(1, "so"),
        spoke(1, "on"),
    ]
    assert [sorted(staying(items, until)) for until in range(7)] == [[], [0], [0], [0, 2], [0, 3], [0, 3], [0, 5]]


def test_a_call_that_is_left_out_is_not_masked_as_well() -> None:
    """Only what is shown is told of as a stub."""
    steps = [one for n in range(300) for one in pair(1, f"c{n}", "small " * 20, path="a", content=f"line {n}\n" * 120)]
    now = session(spoke(1, "Write all."), *steps)
    made = trim(now, view(now).tokens, prefix(now) + 2_000, sizes(now), count)
    (masked,) = (event for event in made if isinstance(event, Masked))
    after, _ = cut_down(now, prefix(now) + 2_000)
    assert masked.ids
    assert not {name.partition(":")[0] for name in masked.ids} & hidden_calls(after)
