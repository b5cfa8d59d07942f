"""Credentials in what a tool gives back are masked, before the log or the model gets it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

# Stands where a credential stood. A text that holds it is never written into a file.
_MASK = "[hidden credential: {}]"
HIDDEN = re.compile(r"\[hidden credential: [^\]\n]*\]")
# A secret that is given as it is, and shorter than this, would mask words.
_SHORTEST = 8


def masked(text: str, known: Sequence[str] = ()) -> str:
    """The text with every credential in it masked: what looks like one, and those that are known as they are."""
    for secret in known:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, _MASK.format("known"))
    for name, pattern in _patterns():
        text = pattern.sub(lambda found, name=name: _blank(found, name), text)  # type: ignore[misc]
    return text


def _blank(found: re.Match[str], name: str) -> str:
    mask = _MASK.format(name)
    if "value" not in found.re.groupindex:
        return mask
    if found["value"].startswith("[hidden"):
        return found[0]
    start, end = found.span("value")
    return found[0][: start - found.start()] + mask + found[0][end - found.start() :]


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    told = tomllib.loads((files("throughline.agent") / "secrets.toml").read_text("utf-8"))
    return tuple((one["name"], re.compile(one["pattern"])) for one in told["secret"])
