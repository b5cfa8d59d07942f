"""Token counts as o200k, without a network: the ranks ship with the package; an estimate where there are none."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import tomllib
import zlib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding


# The pieces that byte pairs would be merged within, by kind; a space before a word belongs to the word.
_PIECES = re.compile(
    r"[^\r\n\w]?(?P<word>[A-Z]?[a-z]+)"
    r"|[^\r\n\w]?(?P<capitals>[A-Z]+)"
    r"|(?P<digits>[0-9]{1,3})"
    r"|(?P<wide>[\u2e80-\uffdc\U00010000-\U0010ffff])"
    r"|(?P<foreign>[^\W\d_]+)"
    r"|(?P<marks> ?[^\s\w\u2e80-\uffdc\U00010000-\U0010ffff]+[\r\n/]*|_+)"
    r"|(?P<space>\s*[\r\n]+|\s+)"
)

# Tokens of one piece by its length: the mean over Python, TypeScript, JavaScript, Markdown and JSON files.
_BASE = {"word": 1.0, "capitals": 1.0, "digits": 1.0, "wide": 0.7, "foreign": 1.0, "marks": 1.0, "space": 1.0}
_FREE = {"word": 4, "capitals": 2, "foreign": 3, "marks": 3, "space": 100}
_EACH = {"word": 0.06, "capitals": 0.22, "foreign": 0.15, "marks": 0.25, "space": 0.01}
_LONG = 12  # Longer words are mostly identifiers and hashes, which merge badly.


def estimate_tokens(text: str) -> int:
    """About how many o200k tokens, too few for hashes.

    Measured against the tokenizer: 12 percent too few to 3 too many over each of 29 recorded sessions; for single
    files of Python, TypeScript and Markdown 9 too few to 14 too many for nine in ten, 26 at the worst; for JSON
    12 to 17 too few.
    """
    total = 0.0
    for piece in _PIECES.finditer(text):
        kind = piece.lastgroup or "marks"
        length = piece.end(kind) - piece.start(kind)
        total += _BASE[kind] + max(0, length - _FREE.get(kind, length)) * _EACH.get(kind, 0.0)
        if kind == "word" and length > _LONG:
            total += (length - _LONG) * 0.25
    return round(total)


# The tokenizer overflows its stack, in a way that is no Exception, on a million spaces in one text.
_CHUNK = 100_000
# Ledger lines and headings are counted again on every packing; long texts would only fill the memory.
_SHORT = 1_000


class RanksError(Exception):
    """The shipped token ranks are not what they must be; the message says what to do."""


class O200k:
    """Counts o200k tokens; loads at the first count (half a second) and may be used from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loaded = False
        self._encoding: Encoding | None = None
        self._short = lru_cache(maxsize=4096)(self._count)
        # The few long texts that stand in a view, such as the archive, are counted for every call.
        self._standing = lru_cache(maxsize=32)(self._count)

    @property
    def exact(self) -> bool:
        """Whether counts are the tokenizer's own; where there is no build of it they are estimates."""
        return self._load() is not None

    def count(self, text: str) -> int:
        """Tokens of a text of any length; raises RanksError."""
        if len(text) <= _SHORT:
            return self._short(text)
        return self._standing(text) if len(text) <= _CHUNK else self._count(text)

    def _count(self, text: str) -> int:
        encoding = self._load()
        if encoding is None:
            return estimate_tokens(text)
        return sum(len(encoding.encode_ordinary(chunk)) for chunk in chunks(text))

    def _load(self) -> Encoding | None:
        if not self._loaded:
            with self._lock:
                if not self._loaded:
                    self._encoding = _build()
                    self._loaded = True
        return self._encoding


def chunks(text: str, most: int = _CHUNK) -> Iterator[str]:
    """The text in pieces short enough to encode, cut after a line where possible: a cut there changes the count by a
    token at most, and one in the middle of a long run by three.
    """
    start = 0
    while len(text) - start > most:
        end = text.rfind("\n", start, start + most) + 1 or start + most
        yield text[start:end]
        start = end
    yield text[start:]


def _build() -> Encoding | None:
    try:
        from tiktoken import Encoding  # noqa: PLC0415 - it may not exist here, and takes a while where it does
    except ImportError:
        return None
    home = files("throughline.llm")
    given = tomllib.loads(home.joinpath("o200k_base.toml").read_text("utf-8"))
    ranks = unpack(home.joinpath(given["ranks"]).read_bytes(), given["sha256"])
    pattern = "|".join(given["pattern"])
    return Encoding("o200k_base", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})


def unpack(packed: bytes, digest: str) -> dict[bytes, int]:
    """Ranks by token, from gzipped lines of a base64 token and its rank."""
    try:
        plain = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        plain = b""
    if hashlib.sha256(plain).hexdigest() != digest:
        raise RanksError("The token ranks are damaged: install Throughline again.")
    return {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, plain.splitlines())}
