"""What would take a parser minutes gets an outline by indentation instead; these tests would hang where it did not."""

import pytest

from throughline.skeleton.languages import BY_SUFFIX
from throughline.skeleton.outline_reader import outline
from throughline.skeleton.render import make_skeleton
from throughline.skeleton.syntax import PACE, SPARE, Budget, no_deadline, too_costly

SUFFIXES = sorted(BY_SUFFIX)
SOUND = {"a.py": "def f():\n    return 1\n", "a.go": "func f() {\n}\n", "a.java": "class A { int x = 1; }\n"}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("piece", ["</*", 'r#"', "a<"])
def test_a_pattern_that_a_grammar_chokes_on_is_not_parsed(suffix: str, piece: str) -> None:
    text = piece * 20_000
    assert outline(f"a{suffix}", text) is None
    assert make_skeleton(f"a{suffix}", text, len).form in {"plain", "whole"}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".py", ".ts", ".go", ".c"])
@pytest.mark.parametrize("piece", ["(", "{", "[", "f(\n", '"', "`${", "class A {", "\\"])
def test_deep_nesting_and_open_ends_have_a_skeleton_of_some_form(suffix: str, piece: str) -> None:
    text = piece * 10_000
    assert make_skeleton(f"a{suffix}", text, len).tokens <= len(text) + 300


@pytest.mark.parametrize("path", SOUND)
def test_a_file_that_is_too_large_says_what_it_gets(path: str) -> None:
    text = SOUND[path] * 100_000
    made = make_skeleton(path, text, len)
    assert made.form == "plain"
    assert "outline by indentation of" in made.text.splitlines()[0]


def test_a_minified_file_on_one_line_is_cut() -> None:
    text = "var a=function(b){return b+1};" * 700_000
    made = make_skeleton("a.js", text, len)
    assert made.form == "plain"
    assert made.tokens < 500


def test_text_that_is_no_text_has_a_skeleton_of_some_form() -> None:
    binary = bytes(range(256)) * 100
    for path in ("a.py", "a.c", "a.bin"):
        text = binary.decode("utf-8", errors="replace")
        assert make_skeleton(path, text, len).tokens <= len(text) + 300
    assert make_skeleton("a.py", "x = '\ud800'\n" * 100, len).tokens > 0


def test_real_source_is_not_hopeless() -> None:
    globs = "\n".join(f'"src/*/{n}.ts",' for n in range(500))
    compared = "\n".join(f"if (a{n} < b && c < d) {{ e << 1; }}" for n in range(5_000))
    assert not any(too_costly(text.encode()) for text in (*SOUND.values(), globs, compared))


def test_a_budget_is_spent_without_progress_and_lasts_with_it() -> None:
    lost, going = Budget(no_deadline), Budget(no_deadline)
    assert not any(going.parsing(reports * PACE * 2, False) for reports in range(SPARE * 10))
    assert any(lost.parsing(0, True) for _ in range(SPARE + 2))
    assert lost.spent


def test_a_reading_that_is_late_gives_an_outline_by_indentation() -> None:
    text = SOUND["a.py"] * 500
    assert make_skeleton("a.py", text, len, late=lambda: True).form == "plain"
    assert make_skeleton("a.py", text, len).form == "skeleton"
