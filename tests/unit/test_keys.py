from __future__ import annotations

import os
from pathlib import Path

import pytest

from throughline.models.keys import Access, find

BOTH = "ANTHROPIC_API_KEY=dotenv\nANTHROPIC_BASE_URL=http://dotenv\n"


@pytest.mark.parametrize(
    ("given", "environ", "dotenv", "found"),
    [
        pytest.param(Access(), {}, "", Access(), id="nothing"),
        pytest.param(
            Access("given"), {"ANTHROPIC_API_KEY": "env"}, BOTH, Access("given"), id="given wins, and no URL of .env"
        ),
        pytest.param(Access(), {"ANTHROPIC_API_KEY": "env"}, BOTH, Access("env"), id="then the environment"),
        pytest.param(Access(), {}, BOTH, Access("dotenv", "http://dotenv"), id="then .env, with its URL"),
        pytest.param(
            Access("given"),
            {"ANTHROPIC_BASE_URL": "http://env"},
            BOTH,
            Access("given", "http://env"),
            id="the URL of the environment goes with any key",
        ),
        pytest.param(
            Access("", "http://given"), {}, BOTH, Access("dotenv", "http://given"), id="a URL of one's own wins"
        ),
        pytest.param(Access(), {"ANTHROPIC_API_KEY": " env\n"}, "", Access("env"), id="white space is cut off"),
        pytest.param(Access(), {}, "export ANTHROPIC_API_KEY='a b'\nOTHER=${HOME}\nbroken", Access("a b"), id="quotes"),
    ],
)
def test_where_the_key_comes_from(
    tmp_path: Path, given: Access, environ: dict[str, str], dotenv: str, found: Access
) -> None:
    (tmp_path / ".env").write_text(dotenv)
    before = dict(os.environ)
    assert find(given, tmp_path, environ) == found
    assert dict(os.environ) == before


def test_a_workspace_without_a_readable_file_gives_nothing(tmp_path: Path) -> None:
    assert not find(Access(), tmp_path, {})
    (tmp_path / ".env").write_bytes(b"ANTHROPIC_API_KEY=\xff\xfe")
    assert not find(Access(), tmp_path, {})


def test_an_untrusted_workspace_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(BOTH)
    assert not find(Access(), None, {})


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(Access("secret", "http://x"))
