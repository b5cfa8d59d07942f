"""The workspace's rules: kept at once, by the user alone, through compactions, rewinds and sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.chat_state.panels import memory_panel
from throughline.chat_state.rows import sections
from throughline.domain.events import (
    Compacted,
    CompactionUndone,
    Cut,
    Event,
    LedgerChanged,
    LedgerUndone,
    Logged,
    SessionRewound,
    SessionStarted,
    Trimmed,
)
from throughline.domain.ledger import (
    Add,
    Delete,
    Entry,
    KeepMine,
    Ledger,
    Merge,
    Operation,
    Pin,
    Reclassify,
    Resolve,
    Revise,
    apply_operations,
    refusal_reason,
)
from throughline.domain.ports import StoreError
from throughline.domain.rules import RuleEvent, RuleKept, RuleRetired, fold_rules, rule_changes, rules_in_force
from throughline.domain.session import Session, apply
from throughline.domain.settings import Settings
from throughline.domain.view import View
from throughline.memory.archive.foreign_rules import archive_for_view, foreign_rules
from throughline.memory.rule_operations import listen, rule_operations
from throughline.protocol.state import Archive
from throughline.session.actor import RefusedError
from throughline.session.live_session import LiveSession
from throughline.storage.event_store import SqliteEventStore
from throughline.storage.in_memory import MemoryStore
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED, done, entry, log, replied, spoke
from unit.session_harness import SessionHarness

RULE = "Never push to the release branch yourself."
HABIT = "Answer me without emoji, always."
LONG = "The kiosk reads the loans by name. " * 200
NAMES = "Always start table names with '{}'."
ENDS = "Always end table names with '_t'."


@asynccontextmanager
async def opened(
    harness: SessionHarness, name: str = "s", replies: int = 9, text: str = LONG
) -> AsyncIterator[LiveSession]:
    model = ScriptedModel(ScriptedReply(text) for _ in range(replies))
    begun = evolve(STARTED, session=name)
    live = await LiveSession.start(harness.ports, harness.config(model), Settings(distil="write"), begun)
    try:
        yield live
    finally:
        await live.close()


async def say(live: LiveSession, *texts: str) -> None:
    for text in texts:
        await live.send(text)
        await live.idle()


def standing(live: LiveSession) -> list[str]:
    return [rule.text for rule in rules_in_force(live.session.ledger)]


def kept(harness: SessionHarness) -> list[str]:
    return [rule.text for rule in harness.store.rules().in_force]


def told(view: View) -> str:
    """The block of the rules in a view."""
    return "\n".join(block.text for block in view.blocks if block.label == "rules")


FOREIGN = "Deploy on Fridays only."
OTHERS: list[tuple[Operation, str]] = [
    (Add(Entry("x", "rule", "Push at once.", "agent", (1,))), "only the user lays down rules"),
    (Add(Entry("x", "rule", "Push at once.", "summariser", (1,))), "only the user lays down rules"),
    (Revise("r", "Push at once.", 2, "agent"), "entry r is a rule of the user's"),
    (Resolve("r", "done", "summariser"), "entry r is a rule of the user's"),
    (Merge(("r", "d"), "both", "summariser"), "entry r is a rule of the user's"),
    (Reclassify("d", "rule"), "a rule is laid down in words of its own"),
    (KeepMine("d", mine=True), "entry d is no rule"),
]


@pytest.mark.parametrize(("operation", "reason"), OTHERS, ids=[f"{one.kind} {said}" for one, said in OTHERS])
def test_only_the_user_touches_a_rule(operation: Operation, reason: str) -> None:
    rule = Entry("r", "rule", RULE, "user", (1,))
    ledger, _ = apply_operations(Ledger(), (Add(rule), Add(entry("d", author="agent"))))
    assert refusal_reason(ledger, operation) == reason
    assert apply_operations(ledger, (operation,))[0] is ledger


def test_an_entry_of_the_agents_takes_no_rules_place() -> None:
    rule = Entry("r", "rule", RULE, "user", (1,), subject="x")
    new = Entry("t", "decision", "push instead", "agent", (2,), supersedes="r", subject="x")
    ledger, _ = apply_operations(Ledger(), (Add(rule), Add(new)))
    assert ledger.entries["r"].state == "active"


async def test_a_rule_is_kept_before_the_model_is_asked() -> None:
    harness = SessionHarness()
    async with opened(harness, replies=0) as live:
        await say(live, f"Fix it. {RULE}")
        kinds = [one.event.kind for one in harness.store.read("s")]
        assert kinds[:3] == ["session_started", "spoke", "ledger_changed"]
        assert standing(live) == kept(harness) == [RULE]


async def test_what_the_agent_says_lays_down_no_rule() -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply(f"{RULE}\n\n#remember {HABIT}")])
    live = await LiveSession.start(harness.ports, harness.config(model), Settings(), STARTED)
    await say(live, "go on")
    assert standing(live) == []
    await live.close()


async def test_a_failed_write_keeps_neither_the_words_nor_the_rule() -> None:
    class Full(MemoryStore):
        def append(self, session: str, events: Sequence[Logged], rules: Sequence[RuleEvent] = ()) -> None:
            if rules:
                raise StoreError("The disk is full.")
            super().append(session, events)

    harness, store = SessionHarness(), Full()
    ports = evolve(harness.ports, store=store)
    live = await LiveSession.start(ports, harness.config(ScriptedModel([])), Settings(), STARTED)
    with pytest.raises(StoreError, match="full"):
        await live.send(RULE)
    assert (standing(live), store.rules().in_force, len(live.session.turns)) == ([], (), 0)
    await live.close()


async def test_the_next_session_knows_all_rules_from_its_first_view_on() -> None:
    harness = SessionHarness()
    async with opened(harness, "a") as live:
        await say(live, RULE, HABIT)
        assert told(live.view()) == ""
        await live.end()
    async with opened(harness, "b") as live:
        assert standing(live) == [RULE, HABIT]
        first = told(live.view())
        assert RULE in first
        assert HABIT in first
        blocks = [block.label for block in live.view().blocks]
        assert blocks[:3] == ["system prompt", "archive", "rules"]
        # What the user's own rules say is not said twice.
        assert RULE not in live.view().blocks[1].text


async def test_the_prefix_holds_still_until_a_compaction() -> None:
    harness = SessionHarness()
    async with opened(harness, "a", 1) as live:
        await say(live, RULE)
    async with opened(harness, "b", text=LONG[: len(LONG) // 3]) as live:
        before = told(live.view())
        await say(live, HABIT, "two", "three", "four")
        assert told(live.view()) == before
        assert standing(live) == [RULE, HABIT]
        await live.compact()
        assert told(live.view()) == f"{before}\n- {HABIT}"
        assert RULE in live.summary()


async def test_the_archive_shows_the_shared_ones_alone() -> None:
    harness = SessionHarness()
    async with opened(harness) as live:
        await say(live, RULE, HABIT)
        text = await live.end()
    assert text.index("### Rules") < text.index("### Project Identity")
    assert f"- {RULE} <!--" in text
    assert HABIT not in text


async def test_the_user_decides_whose_a_rule_is() -> None:
    harness = SessionHarness()
    async with opened(harness) as live:
        await say(live, RULE, HABIT)
        rules = {rule.text: rule.id for rule in rules_in_force(live.session.ledger)}
        await live.ledger_commands.keep_mine(rules[RULE], mine=True)
        await live.ledger_commands.keep_mine(rules[HABIT], mine=False)
        text = await live.end()
    assert HABIT in text
    assert RULE not in text
    assert {rule.text: rule.mine for rule in harness.store.rules().in_force} == {RULE: True, HABIT: False}


async def test_a_retired_rule_leaves_the_archive_with_the_next_session() -> None:
    harness = SessionHarness()
    async with opened(harness, "a") as live:
        await say(live, RULE, NAMES.format("tl_"))
        assert RULE in await live.end()
    rule = harness.store.rules().in_force[0]
    harness.store.change_rules(2_000.0, [RuleRetired(rule.id, "by hand")])
    async with opened(harness, "b") as live:
        assert standing(live) == [NAMES.format("tl_")]
        assert RULE not in "\n".join(block.text for block in live.view().blocks)
        assert RULE not in await live.end()


async def test_undoing_a_compaction_keeps_what_was_said_since_and_before() -> None:
    harness = SessionHarness()
    async with opened(harness) as live:
        await say(live, RULE, "two", "three", "four")
        await live.compact()
        await say(live, HABIT)
        await live.undo()
        assert standing(live) == kept(harness) == [RULE, HABIT]


async def test_going_back_takes_back_those_said_after_and_puts_back_those_retired_after() -> None:
    harness = SessionHarness()
    async with opened(harness) as live:
        await say(live, RULE, HABIT, "Forget the rule about the release branch.")
        assert standing(live) == kept(harness) == [HABIT]
        await live.ledger_commands.add("rule", "Tabs, never spaces.")
        await live.restore(2, files=False)
        # What the user did by hand stays.
        assert standing(live) == [RULE, "Tabs, never spaces."]
        assert sorted(kept(harness)) == sorted(standing(live))
        assert "Tabs, never spaces." in told(live.view())


WORDS: list[tuple[list[str], list[str]]] = [
    ([RULE, HABIT, "Scratch that rule."], [RULE]),
    ([RULE, HABIT, "Forget what I said about emoji."], [RULE]),
    ([RULE, HABIT, "You may use emoji again."], [RULE]),
    ([RULE, HABIT, "Forget the rule about the coffee."], [RULE, HABIT]),
    ([RULE, "Forget what I said about the release branch."], []),
    ([NAMES.format("tl_"), NAMES.format("db_")], [NAMES.format("db_")]),
    ([NAMES.format("tl_"), ENDS], [NAMES.format("tl_"), ENDS]),
    ([RULE, RULE.upper().replace("NEVER", "Never")], [RULE]),
    (["Никогда не пушь в релизную ветку.", "Забудь, что я говорил про релизную ветку."], []),
    (["绝对不要推送到发布分支。", "忘掉关于发布分支的规则。"], []),
]  # fmt: skip


@pytest.mark.parametrize(("said", "left"), WORDS, ids=[row[0][-1][:40] for row in WORDS])
def test_the_users_words_retire_and_replace(said: list[str], left: list[str]) -> None:
    ledger = Ledger()
    for turn, text in enumerate(said, 1):
        ledger, _ = apply_operations(ledger, rule_operations(listen(text), "s", turn, ledger))
    assert [rule.text for rule in rules_in_force(ledger)] == left
    assert all(rule.state != "active" for rule in ledger.entries.values() if rule.text not in left)


async def test_a_session_that_is_opened_again_learns_what_others_did() -> None:
    harness = SessionHarness()
    async with opened(harness, "a") as live:
        await say(live, RULE)
    async with opened(harness, "b") as live:
        await say(live, HABIT, "Forget the rule about the release branch.")
    model = ScriptedModel([ScriptedReply("ok")])
    live = await LiveSession.resume(harness.ports, harness.config(model), Settings(), "a")
    assert standing(live) == kept(harness) == [HABIT]
    assert HABIT in told(live.view())
    await live.close()


async def test_the_rules_of_a_demo_are_nobodys() -> None:
    harness = SessionHarness()
    model = ScriptedModel([ScriptedReply("ok")])
    begun = evolve(STARTED, origin="demo")
    live = await LiveSession.start(harness.ports, harness.config(model), Settings(), begun)
    await say(live, RULE)
    assert (standing(live), kept(harness)) == ([RULE], [])
    await live.close()


async def test_a_rule_is_laid_down_edited_and_deleted_by_hand() -> None:
    harness = SessionHarness()
    async with opened(harness) as live:
        hand = live.ledger_commands
        name = await hand.add("rule", RULE)
        with pytest.raises(RefusedError, match="in force already"):
            await hand.add("rule", RULE.upper())
        await hand.edit(name, HABIT)
        assert kept(harness) == [HABIT]
        await hand.delete(name)
        assert kept(harness) == []
        await hand.undo()
        assert kept(harness) == [HABIT]
        fact = await hand.add("fact", "tests are quick")
        await hand.change_kind(fact, "rule")
        assert kept(harness) == standing(live) == [HABIT, "tests are quick"]


def test_a_message_that_is_cut_in_the_view_leaves_its_rule_in_the_prefix() -> None:
    steps: list[Event] = [
        STARTED,
        spoke(1, RULE),
        LedgerChanged(rule_operations(listen(RULE), "s", 1, Ledger()), "heard"),
    ]
    before = Session()
    for one in log(*steps):
        before = apply(before, one)
    assert before.prefix_rules == ()
    after = apply(before, Logged(4, 4.0, Trimmed((Cut("m1", 1, 1),))))
    assert [rule.text for rule in after.prefix_rules] == [RULE]


ARCHIVE = f"""\
## Project Archive: shed

### Rules
- {RULE} <!-- 0123abcd -->
- {FOREIGN} <!-- 4567abcd -->

### Project Identity
- shed
"""


def test_rules_that_others_wrote_are_shown_as_such_until_they_are_accepted() -> None:
    assert foreign_rules(ARCHIVE, [RULE]) == (FOREIGN,)
    shown = archive_for_view(ARCHIVE, [RULE])
    assert RULE not in shown
    assert "has not accepted" in shown[: shown.index(FOREIGN)]
    assert "- shed" in shown
    assert archive_for_view(ARCHIVE, [RULE, FOREIGN]) == "## Project Archive: shed\n\n### Project Identity\n- shed\n"


def test_memory_shows_the_rules_first_and_those_of_others_apart() -> None:
    now = apply(Session(), Logged(1, 1.0, evolve(STARTED, rules=(Entry("r", "rule", RULE, "user", (), mine=True),))))
    made = memory_panel(now, "", 0, Archive("", 0, sections(ARCHIVE, {}), None))
    assert [(one.title, one.kind, [each.text for each in one.entries]) for one in made.sections] == [
        ("Rules", "rule", [RULE])
    ]
    assert made.sections[0].entries[0].mine
    assert made.foreign == [FOREIGN]


def test_a_session_started_by_an_earlier_version_has_no_rules() -> None:
    assert SessionStarted("s", "o", "engineer", "p", "m", 1).rules == ()


# Any order of what may happen to a session, with the rules that must be in force after it.

_MOVES = ("say", "hear", "agent", "model", "compact", "undo", "hand", "delete", "unhand", "pin", "back")


class Story:
    """A session told by moves, beside a plain account of the rules."""

    def __init__(self) -> None:
        self.session = Session()
        self.must: dict[str, str] = {}
        self.before: dict[int, dict[str, str]] = {}
        self.hands: list[tuple[int, str, str]] = []
        self.number = 0
        self.stream: list[RuleEvent] = []
        self.tell(STARTED)

    def tell(self, event: Event) -> None:
        was, seq = self.session, self.session.seq + 1
        self.session = apply(was, Logged(seq, float(seq), event))
        self.stream += rule_changes(was.ledger, self.session.ledger)

    def move(self, name: str) -> None:
        getattr(self, f"do_{name}")()

    def rule(self) -> Entry:
        self.number += 1
        return Entry(f"r{self.number}", "rule", f"Never touch part {self.number}.", "user", (1,))

    def do_say(self) -> None:
        turn = self.session.next_turn
        self.before[turn] = dict(self.must)
        self.tell(spoke(turn, "go on"))
        self.tell(replied(turn, "ok"))
        self.tell(done(turn))

    def do_hear(self) -> None:
        turn, rule = self.session.next_turn, self.rule()
        self.before[turn] = dict(self.must)
        self.tell(spoke(turn, rule.text))
        self.tell(LedgerChanged((Add(rule),), "heard"))
        self.tell(done(turn))
        self.must[rule.id] = rule.text

    def others(self) -> tuple[Operation, ...]:
        names = list(self.session.ledger.entries)
        made: list[Operation] = [Add(Entry(f"x{self.session.seq}", "rule", "Touch all.", "summariser", (1,)))]
        for name in names:
            made += [Resolve(name, "gone", "summariser"), Revise(name, "other", 1, "agent")]
        return (*made, *((Merge(tuple(names[:2]), "one", "summariser"),) if len(names) > 1 else ()))

    def do_agent(self) -> None:
        self.tell(LedgerChanged(self.others()))

    def do_model(self) -> None:
        self.tell(LedgerChanged(self.others(), "agent"))

    def do_compact(self) -> None:
        if self.session.recent:
            last = self.session.recent[-1].number
            self.tell(Compacted(f"c{self.session.seq}", last, self.others(), 100, 10, 0, 0))

    def do_undo(self) -> None:
        left = [one.id for one in self.session.compactions if one.id not in self.session.undone]
        if left:
            self.tell(CompactionUndone(left[-1]))

    def do_hand(self) -> None:
        rule = self.rule()
        self.tell(LedgerChanged((Add(rule),), "user"))
        self.hands.append((self.session.seq, rule.id, rule.text))
        self.must[rule.id] = rule.text

    def do_delete(self) -> None:
        if self.must:
            name = next(iter(self.must))
            self.tell(LedgerChanged((Delete(name),), "user"))
            del self.must[name]
            for turn in self.before.values():
                turn.pop(name, None)
            self.hands = [one for one in self.hands if one[1] != name]

    def do_unhand(self) -> None:
        if self.hands:
            seq, name, _ = self.hands.pop()
            self.tell(LedgerUndone(seq))
            self.must.pop(name, None)
            for turn in self.before.values():
                turn.pop(name, None)

    def do_pin(self) -> None:
        if self.must:
            self.tell(LedgerChanged((Pin(next(iter(self.must)), pinned=True),), "user"))

    def do_back(self) -> None:
        if self.session.rewind_points:
            turn = self.session.rewind_points[-1].turn
            self.tell(SessionRewound(turn, conversation=True))
            by_hand = {name: text for _, name, text in self.hands}
            self.must = {**self.before[turn], **by_hand}
            self.before = {number: rules for number, rules in self.before.items() if number < turn}


@given(st.lists(st.sampled_from(_MOVES), max_size=25))
@settings(max_examples=200, deadline=None)
def test_any_sequence_of_operations_undo_and_edits_keeps_every_rule(moves: list[str]) -> None:
    story = Story()
    for name in moves:
        story.move(name)
        assert {rule.id: rule.text for rule in rules_in_force(story.session.ledger)} == story.must
        # The workspace's own stream says the same.
        stream = [RuleKept(evolve(one.rule)) if isinstance(one, RuleKept) else one for one in story.stream]
        memory = MemoryStore()
        memory.change_rules(0.0, stream)
        assert {rule.id: rule.text for rule in memory.rules().in_force} == story.must


# The stream on disk.


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteEventStore]:
    with closing(SqliteEventStore(tmp_path / "throughline.db")) as made:
        yield made


def rule_of(name: str, text: str) -> Entry:
    return Entry(name, "rule", text, "user", (1,))


def written(path: Path) -> None:
    with closing(SqliteEventStore(path)) as made:
        made.append("s", log(STARTED, spoke(1, RULE)), [RuleKept(rule_of("r1", RULE))])
        made.append(
            "s", log(spoke(2, HABIT), first=3), [RuleKept(rule_of("r2", HABIT)), RuleRetired("r1", "scratch that")]
        )


def test_the_stream_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "throughline.db"
    written(path)
    with closing(SqliteEventStore(path)) as made:
        assert made.repair == ""
        rules = made.rules()
    assert [rule.text for rule in rules.in_force] == [HABIT]
    assert [(rule.text, rule.resolution) for rule in rules.retired] == [(RULE, "scratch that")]


def test_a_refused_append_keeps_no_rule(database: SqliteEventStore) -> None:
    with pytest.raises(StoreError, match="not the next"):
        database.append("s", log(spoke(9, RULE), first=7), [RuleKept(rule_of("r1", RULE))])
    assert database.rules().in_force == ()


@pytest.mark.parametrize("place", range(0, 60, 7))
def test_a_damaged_stream_is_recovered_and_what_the_sessions_still_have_comes_back(tmp_path: Path, place: int) -> None:
    path = tmp_path / "throughline.db"
    with closing(SqliteEventStore(path)) as made:
        said = LedgerChanged((Add(rule_of("r1", RULE)),), "heard")
        made.append("s", log(STARTED, spoke(1, RULE), said), [RuleKept(rule_of("r1", RULE))])
    content = bytearray(path.read_bytes())
    at = content.rindex(b'"text":"Never push') + place
    # One of the two places in which the rule's words stand: in the stream, or in the session's event.
    content[at] ^= 1
    path.write_bytes(content)
    with closing(SqliteEventStore(path)) as made:
        assert [rule.text for rule in made.rules().in_force] == [RULE]


def test_what_is_forgotten_of_a_text_leaves_the_stream_too(database: SqliteEventStore) -> None:
    database.append("s", log(STARTED, spoke(1, RULE)), [RuleKept(rule_of("r1", f"{RULE} hunter2hunter2"))])
    database.redact("hunter2hunter2")
    assert "hunter2" not in database.rules().in_force[0].text
    assert database.rules().in_force[0].text.startswith(RULE)


def test_a_forgotten_session_leaves_its_rules_in_force_and_no_word_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "throughline.db"
    written(path)
    with closing(SqliteEventStore(path)) as made:
        made.forget("s")
        assert [rule.text for rule in made.rules().in_force] == [HABIT]
    assert b"release branch" not in path.read_bytes()
    assert b"scratch that" not in path.read_bytes()
    with closing(SqliteEventStore(path)) as made:
        assert made.repair == ""


def test_the_stream_of_two_windows_is_one(tmp_path: Path) -> None:
    path = tmp_path / "throughline.db"
    with closing(SqliteEventStore(path)) as one, closing(SqliteEventStore(path)) as other:
        one.append("s", log(STARTED, spoke(1, RULE)), [RuleKept(rule_of("r1", RULE))])
        other.append("t", log(evolve(STARTED, session="t")), [RuleKept(rule_of("r2", HABIT))])
        assert [rule.text for rule in one.rules().in_force] == [RULE, HABIT]


def test_a_fold_knows_no_rule_that_was_never_laid_down() -> None:
    memory = MemoryStore()
    memory.change_rules(0.0, [RuleRetired("r9")])
    assert memory.rules() == fold_rules([])
