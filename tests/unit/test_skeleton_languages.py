"""Whole skeletons of a sample for each language, whether they are still source, and what broken source costs."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from throughline.semantic_diff.outline_diff import describe_changes, outline_difference
from throughline.skeleton.languages import LANGUAGES, find_language
from throughline.skeleton.model import Item
from throughline.skeleton.outline_reader import outline
from throughline.skeleton.render import LADDER, make_skeleton, write_outline
from throughline.skeleton.syntax import grammar
from unit.skeletons.rewrite import HERE, expected, samples

SAMPLES = samples()
TEXTS = {sample.name: sample.read_text("utf-8") for sample in SAMPLES}
SCRAPS = st.lists(
    st.sampled_from([*"(){}[]<>;:,.=@#&*`'\"\\ \n\t", "\r\n", "class A", "fn f", "func f", "=>", "/*", "*/", "é", "\0",
                     "template<", "#if 1\n", "struct {", "enum ", "impl ", "namespace "]),
    max_size=30,
).map("".join)  # fmt: skip


def at(name: str, text: str, detail: int) -> str:
    found, read = find_language(name), outline(name, text)
    assert found is not None
    assert read is not None
    return write_outline(read, found[0], detail)


def names(items: tuple[Item, ...]) -> list[str]:
    return [name for item in items for name in (item.name, *names(item.children))]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_has_the_skeletons_that_were_read_and_approved(sample: Path) -> None:
    assert expected(sample) == (HERE / f"{sample.suffix[1:]}.txt").read_text("utf-8")


def test_every_language_has_a_sample() -> None:
    inline = {"python", "typescript"}
    told = {found[0].name for sample in SAMPLES if (found := find_language(sample.name))}
    assert told | inline == {language.name for language in LANGUAGES}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("detail", range(len(LADDER)))
def test_a_skeleton_is_source_again(name: str, detail: int) -> None:
    found = find_language(name)
    assert found is not None
    root = grammar(*found, at(name, TEXTS[name], detail).encode())
    assert not root.has_error


@pytest.mark.parametrize("name", TEXTS)
def test_no_rung_loses_the_name_of_a_function_or_type(name: str) -> None:
    kept = {"class", "interface", "enum", "function", "method", "macro", "namespace", "implementation"}

    def told(items: tuple[Item, ...]) -> list[tuple[str, tuple[str, ...]]]:
        own = [(item.name, tuple(one.word for one in item.parameters)) for item in items if item.kind in kept]
        return own + [one for item in items for one in told(item.children)]

    read, again = outline(name, TEXTS[name]), outline(name, at(name, TEXTS[name], 0))
    assert read is not None
    assert again is not None
    assert told(again.items) == told(read.items)


@pytest.mark.parametrize("name", TEXTS)
def test_line_ends_and_tabs_change_nothing(name: str) -> None:
    text = TEXTS[name]
    assert at(name, text.replace("\n", "\r\n"), len(LADDER) - 1) == at(name, text, len(LADDER) - 1)


COMPILERS = {
    "sample.c": ("gcc", "-w", "-fsyntax-only"),
    "sample.cpp": ("g++", "-std=c++20", "-w", "-fsyntax-only"),
    "Sample.java": ("javac", "-XDshould-stop.ifNoError=PARSE", "-XDshould-stop.ifError=PARSE", "-d", "."),
    "sample.go": ("gofmt", "-e"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILERS)
def test_a_full_skeleton_passes_the_compiler(name: str, tmp_path: Path) -> None:
    command = COMPILERS[name]
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    included = [line for line in TEXTS[name].splitlines() if line.startswith("#include <")]
    source = tmp_path / name
    source.write_text("\n".join([*included, at(name, TEXTS[name], len(LADDER) - 1)]), "utf-8")
    done = subprocess.run([*command, source.name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_line_numbers_are_those_of_the_file() -> None:
    text = TEXTS["sample.go"]
    made = make_skeleton("sample.go", text, len, 1.0, numbers=True).text
    (line,) = [line for line in made.splitlines() if line.startswith("func (s *Store[T]) Put")]
    first, last = map(int, line.split("// ")[1].split(";")[0].split("-"))
    assert text.splitlines()[first - 1].startswith("func (s *Store[T]) Put")
    assert text.splitlines()[last - 1] == "}"


BROKEN = {
    "a.js": ("function {}(x) {{ return 1; }}\n", "function b(x { return 1 }\n"),
    "a.go": ("func {}(x int) int {{\n\treturn 1\n}}\n", "func b(x int {\n\treturn\n}\n"),
    "a.rs": ("fn {}(x: i32) -> i32 {{\n    1\n}}\n", "fn b(x: i32 -> {\n    1\n}\n"),
    "a.java": ("class {} {{ int f() {{ return 1; }} }}\n", "class b { int f( { return 1; } }\n"),
    "a.c": ("int {}(int x) {{\n  return 1;\n}}\n", "int b(int x {\n  return 1;\n}\n"),
    "a.cpp": ("int {}(int x) {{\n  return 1;\n}}\n", "int b(int x {\n  return 1;\n}\n"),
    "a.cs": ("class {} {{ int F() {{ return 1; }} }}\n", "class b { int F( { return 1; } }\n"),
}


@pytest.mark.parametrize("path", BROKEN)
def test_an_error_costs_only_its_own_definition(path: str) -> None:
    sound, broken = BROKEN[path]
    read = outline(path, sound.format("a") + broken + sound.format("c"))
    assert read is not None
    assert read.broken >= 1
    assert {"a", "c"} <= {item.name for item in read.items}


@pytest.mark.slow
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(sorted(TEXTS)), place=st.floats(0, 1), cut=st.integers(0, 60), scrap=SCRAPS)
def test_a_mutated_sample_never_raises(name: str, place: float, cut: int, scrap: str) -> None:
    text = TEXTS[name]
    start = int(place * len(text))
    mutated = text[:start] + scrap + text[start + cut :]
    made = make_skeleton(name, mutated, len)
    assert made.tokens <= len(mutated) + 300
    old, new = outline(name, text), outline(name, mutated)
    if old is not None and new is not None:
        changes = outline_difference(old, new)
        assert len(describe_changes(changes)) == len(changes)
        assert all(change.sentence for change in changes)
        assert outline_difference(new, new) == ()
