from __future__ import annotations

import gzip
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.llm import tokens
from throughline.llm.tokens import O200k, RanksError, estimate_tokens

O200K = O200k()


# Counts by another implementation of o200k, so that a wrong rank or pattern cannot pass.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" ", 1),
        ("Hello, world!", 4),
        ("def total(prices: list[float]) -> float:\n    return sum(prices)\n", 18),
        ("it's 12345 o'clock", 6),
        ("我们修复了解析器中的错误", 8),
        ("<|endoftext|>", 7),  # text, not a special token
        ("\ud800", 1),  # half a character
    ],
)
def test_counts_are_those_of_o200k(text: str, count: int) -> None:
    assert O200K.exact
    assert O200K.count(text) == count


@pytest.mark.parametrize("run", [" ", "\t", "\n", "a", "=", " \n"])
def test_a_long_run_of_one_character_is_counted(run: str) -> None:
    text = run * (1_000_000 // len(run))
    assert 0 < O200K.count(text) < len(text)


def test_a_long_text_counts_as_the_sum_of_its_lines_does() -> None:
    line = "The quick brown fox jumps over the lazy dog.\n"
    assert O200K.count(line * 10_000) == O200K.count(line) * 10_000


# Words, runs, marks and scripts that merge over a cut, or do not.
spelt = st.lists(st.sampled_from(["a", "word", " ", "\n", "\t", "=", "é", "漢", "😀", "1", "'s", "Ünï"]), max_size=120)
runs = st.builds(lambda letter, times: letter * times, st.sampled_from(list(" \t\na=-é漢1😀")), st.integers(1, 300))


@given(st.one_of(st.text(max_size=300), spelt.map("".join), runs), st.integers(10, 90))
def test_a_cut_changes_the_count_by_few_tokens(text: str, most: int) -> None:
    encoding = O200K._load()
    assert encoding is not None
    pieces = list(tokens.chunks(text, most))
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= most for piece in pieces) or not text
    counted = sum(len(encoding.encode_ordinary(piece)) for piece in pieces)
    assert abs(counted - len(encoding.encode_ordinary(text))) <= 4 * (len(pieces) - 1)


@given(st.text(max_size=400))
def test_any_text_has_at_most_a_token_a_byte(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    assert (size > 0) <= O200K.count(text) <= size
    assert O200K.count(text) == O200K.count(text[:]), "a repeated text has the same count"


def test_threads_that_start_at_once_load_it_once() -> None:
    fresh = O200k()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(fresh.count, ["Hello, world!"] * 8)) == {4}


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not gzip", id="something else"),
        pytest.param(gzip.compress(b"IQ== 0\n"), id="other ranks"),
        pytest.param(gzip.compress(b"IQ== 0\n")[:-9], id="cut"),
        pytest.param(gzip.compress(b"IQ== 0\n")[:10] + b"\xff" * 20, id="garbled"),
    ],
)
def test_damaged_ranks_are_refused(packed: bytes) -> None:
    with pytest.raises(RanksError, match="install Throughline again"):
        tokens.unpack(packed, "446a9538")


def test_without_the_tokenizer_counts_are_estimates_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    fresh = O200k()
    assert not fresh.exact
    assert fresh.count("Hello, world!") == estimate_tokens("Hello, world!")


def sources() -> list[Path]:
    return sorted(Path(tokens.__file__).parents[1].rglob("*.py"))


@pytest.mark.slow
def test_estimate_comes_as_close_for_source_as_it_says() -> None:
    texts = [path.read_text("utf-8") for path in sources()]
    off = sorted(estimate_tokens(text) / O200K.count(text) - 1 for text in texts if len(text) > 1_000)
    assert off[0] > -0.26
    assert off[-1] < 0.26
    tenth = len(off) // 20
    assert off[tenth] > -0.09
    assert off[-1 - tenth] < 0.14


@given(st.text(max_size=400))
def test_estimate_takes_any_text(text: str) -> None:
    assert (0 if not text else 1) <= estimate_tokens(text) <= 2 * len(text)
