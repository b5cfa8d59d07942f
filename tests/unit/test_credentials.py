from __future__ import annotations

import os
from pathlib import Path

import pytest

from throughline.llm.credentials import Credentials, find_credentials

BOTH = "ANTHROPIC_API_KEY=dotenv\nANTHROPIC_BASE_URL=http://dotenv\n"


@pytest.mark.parametrize(
    ("given", "environ", "dotenv", "found"),
    [
        pytest.param(Credentials(), {}, "", Credentials(), id="nothing"),
        pytest.param(
            Credentials("given"),
            {"ANTHROPIC_API_KEY": "env"},
            BOTH,
            Credentials("given"),
            id="given wins, and no URL of .env",
        ),
        pytest.param(Credentials(), {"ANTHROPIC_API_KEY": "env"}, BOTH, Credentials("env"), id="then the environment"),
        pytest.param(Credentials(), {}, BOTH, Credentials("dotenv", "http://dotenv"), id="then .env, with its URL"),
        pytest.param(
            Credentials("given"),
            {"ANTHROPIC_BASE_URL": "http://env"},
            BOTH,
            Credentials("given", "http://env"),
            id="the URL of the environment goes with any key",
        ),
        pytest.param(
            Credentials("", "http://given"),
            {},
            BOTH,
            Credentials("dotenv", "http://given"),
            id="a URL of one's own wins",
        ),
        pytest.param(
            Credentials(), {"ANTHROPIC_API_KEY": " env\n"}, "", Credentials("env"), id="white space is cut off"
        ),
        pytest.param(
            Credentials(), {}, "export ANTHROPIC_API_KEY='a b'\nOTHER=${HOME}\nbroken", Credentials("a b"), id="quotes"
        ),
    ],
)
def test_where_the_key_comes_from(
    tmp_path: Path, given: Credentials, environ: dict[str, str], dotenv: str, found: Credentials
) -> None:
    (tmp_path / ".env").write_text(dotenv)
    before = dict(os.environ)
    assert find_credentials(given, tmp_path, environ) == found
    assert dict(os.environ) == before


def test_a_workspace_without_a_readable_file_gives_nothing(tmp_path: Path) -> None:
    assert not find_credentials(Credentials(), tmp_path, {})
    (tmp_path / ".env").write_bytes(b"ANTHROPIC_API_KEY=\xff\xfe")
    assert not find_credentials(Credentials(), tmp_path, {})


def test_an_untrusted_workspace_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(BOTH)
    assert not find_credentials(Credentials(), None, {})


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(Credentials("secret", "http://x"))
