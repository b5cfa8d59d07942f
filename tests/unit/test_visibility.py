"""What others wrote cannot command a terminal, turn a text or hide in it, wherever a person reads."""

from __future__ import annotations

import ast
import io
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

import throughline.cli
from throughline.chat_state.rows import asked
from throughline.cli.chat.prompt import question
from throughline.cli.output import SafeConsole, markdown
from throughline.domain.events import ApprovalRequested
from throughline.domain.ports import Ask
from throughline.domain.visible_text import escaped_text, visible_text

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
TAGS = "".join(map(chr, (0xE0001, 0xE0020, 0xE0041, 0xE007F)))
INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u180e\u200b\u2028\u2029\u2060\u2061\u2063\u206a\u3164\ufeff\uffa0\ufff9\u2800"
)
CONTROLS = "".join(map(chr, (*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0))))
HIDDEN = BIDI + TAGS + INVISIBLE + CONTROLS + "\ud800\udfff\U000e0100\U000e01ef\ufe00"


@pytest.mark.parametrize("sign", HIDDEN)
@pytest.mark.parametrize("prose", [True, False])
def test_a_hidden_character_is_written_out_by_its_number(sign: str, prose: bool) -> None:
    assert visible_text(f"a{sign}b", prose=prose) == f"a[U+{ord(sign):04X}]b"


ALL = st.text(st.characters() | st.sampled_from(HIDDEN) | st.sampled_from("\u200c\u200d\ufe0f\u0628\u0915\U0001f469"))


def control(text: str) -> list[str]:
    wrong = {"Cc", "Cs", "Zl", "Zp"}
    return [
        sign for sign in text if sign not in "\n\t" and (unicodedata.category(sign) in wrong or sign in BIDI + TAGS)
    ]


@given(ALL, st.booleans())
def test_nothing_that_is_returned_controls_a_terminal_or_turns_a_direction(text: str, prose: bool) -> None:
    shown = visible_text(text, prose=prose)
    assert control(shown) == []
    assert visible_text(shown, prose=prose) == shown
    if not prose:
        assert all(
            unicodedata.category(sign) != "Cf" or sign.isprintable() or sign in "\u0600\u06dd"
            for sign in shown
            if sign not in "\n\t" and not 0x600 <= ord(sign) <= 0x8FF and ord(sign) not in (0x110BD, 0x110CD)
        )


@given(ALL)
def test_what_is_escaped_is_the_same_value(text: str) -> None:
    data = {"text": text, text: [text]}
    told = escaped_text(json.dumps(data, ensure_ascii=False))
    assert json.loads(told) == data
    assert control(told) == []


# Persian, Hindi and Sinhala are spelt with joiners.
PERSIAN, HINDI, SINHALA = (
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u0915\u094d\u200d\u0937",
    "\u0dc1\u0dca\u200d\u0dbb",
)
FAMILY, HEART = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f\u200d\U0001f525"
PLAIN = [
    "Grüße, naïve façade — “quotes” … 日本語 한국어", "\u0645\u0631\u062d\u0628\u0627", "שלום עולם", "नमस्ते", "ไทย",
    FAMILY, HEART, "\U0001f44b\U0001f3fd \u26a0\ufe0f 1\ufe0f\u20e3", "\U0001f3f3\ufe0f\u200d\U0001f308",
    PERSIAN, HINDI, SINHALA, "tab\there\nline", "\u0661\u0600\u0662",
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_prose_stays_as_it_is(text: str) -> None:
    assert visible_text(text, prose=True) == text


@pytest.mark.parametrize("text", ["a\u200db", "a\u200cb", "x\ufe0fy", "\u200d\U0001f525", "\U0001f525\u200d", "\u200d"])
def test_a_joiner_that_joins_nothing_hides_something(text: str) -> None:
    assert "[U+" in visible_text(text, prose=True)


@pytest.mark.parametrize("text", [PERSIAN, "\u26a0\ufe0f", "rm\u00a0-rf", "a\u2003b", "a\r\nb"])
def test_in_a_question_everything_is_shown(text: str) -> None:
    assert "[U+" in visible_text(text)


def printed(*what: object, width: int = 60, terminal: bool = True) -> str:
    out = io.StringIO()
    console = SafeConsole(file=out, width=width, force_terminal=terminal, color_system=None, legacy_windows=False)
    for one in what:
        console.print(one)
    return out.getvalue()


HOSTILE = "\x1b]52;c;cm0gLXJm\x1b\\x\x9b2J\u202egnp\u200e\r[bold]b[/bold] [/] :smile: \x07"


@pytest.mark.parametrize("terminal", [True, False])
def test_the_console_prints_no_control_character_of_others(terminal: bool) -> None:
    table = Table("a")
    table.add_row(HOSTILE)
    linked = markdown(f"# {HOSTILE}\n\n[text](http://a.example/{HOSTILE}) `{HOSTILE}`\n\n```\n{HOSTILE}\n```\n")
    shown = printed(HOSTILE, Text(HOSTILE), table, linked, terminal=terminal)
    assert control(shown.replace("\x1b[0m", "")) == []
    assert "[U+001B]" in shown
    assert "[bold]b[/bold] [/] :smile:" in shown
    assert "\x1b]8" not in shown


def ask(target: str, detail: str = "", action: str = "run") -> Ask:
    return Ask(1, "c1", "run_command", action, target, detail or target, "", "run=:x")  # type: ignore[arg-type]


FORGED = [
    "touch PWNED #\x1b[2K\x1b[1G\x1b[1m? Run git status\x1b[0m\x1b[K",
    "touch PWNED\n? Run git status",
    "touch PWNED\r? Run git status",
    "touch PWNED #" + " " * 47 + "? Run git status",
    "touch PWNED\u2028? Run git status",
    "touch PWNED\x85? Run git status\x0b? Run git status\x0c? Run git status",
]


@pytest.mark.parametrize("command", FORGED)
@pytest.mark.parametrize("whole", [True, False])
def test_no_command_can_pass_for_the_question(command: str, whole: bool) -> None:
    lines = printed(*question(ask(command), whole=whole)).splitlines()
    assert lines[0].startswith("? Run touch PWNED")
    assert [line for line in lines[1:] if not line.startswith(("  ", "  │ "))] == []
    assert control("".join(lines)) == []
    flat = "".join(line.removeprefix("  │ ") for line in lines if line.startswith("  │"))
    assert flat.count("git status") == command.count("git status")


def test_a_long_question_shows_both_ends_and_how_much_is_between_them() -> None:
    change = "\n".join(["--- a", "+++ b", *(f"+ok({n})" for n in range(800)), '+os.system("evil")'])
    lines = printed(*question(ask("a.py", change, "edit")))
    assert '+os.system("evil")' in lines
    assert "763 more lines are not shown here" in lines
    every = printed(*question(ask("a.py", change, "edit"), whole=True))
    assert all(f"+ok({n})" in every for n in range(800))


def test_everything_that_the_command_line_prints_goes_through_the_one_way_out() -> None:
    for path in Path(throughline.cli.__file__).parent.rglob("*.py"):
        if path.name == "output.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            assert name not in ("print", "Console", "sys.stdout.write", "Markdown"), f"{path.name}: {name}"
            if name == "click.echo":
                said = ast.unparse(node.args[0])
                assert said.startswith(("escaped_text(", "f'Forgotten")), f"{path.name}: click.echo({said})"


def test_the_editors_question_hides_nothing_either() -> None:
    event = ApprovalRequested(1, "c1", "run", "touch x\x1b[2K\u202e", "")
    (row,) = asked(event, lambda _: None)
    assert row.target == "touch x[U+001B][2K[U+202E]"
