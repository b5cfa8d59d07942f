from __future__ import annotations

import os
from pathlib import Path

import pytest

from throughline.llm.credentials import Credentials, CredentialStore, find_credentials

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


def test_the_owner_says_what_holds_now_and_forgets_no_key_that_is_to_be_hidden(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    store = CredentialStore(tmp_path, Credentials(url="http://given"), environ)
    assert (store.current(), store.secrets()) == (Credentials("", "http://given"), ())
    (tmp_path / ".env").write_text("ANTHROPIC_API_KEY=written")
    assert (store.current(), store.secrets()) == (Credentials("written", "http://given"), ("written",))
    (tmp_path / ".env").write_text("ANTHROPIC_API_KEY=written-anew\nANTHROPIC_BASE_URL=http://written")
    assert store.secrets() == ("written-anew", "written"), "whatever asks first"
    environ["ANTHROPIC_API_KEY"] = "exported"
    assert store.current() == Credentials("exported", "http://given")
    store.set_key(" typed\n")
    assert store.current() == Credentials("typed", "http://given"), "the address goes with every key"
    store.set_key("")
    (tmp_path / ".env").unlink()
    environ.clear()
    assert store.current() == Credentials("", "http://given")
    assert store.secrets() == ("typed", "exported", "written-anew", "written")


def test_a_key_is_known_from_the_moment_it_is_set(tmp_path: Path) -> None:
    store = CredentialStore(tmp_path, environ={})
    store.set_key("first")
    store.set_key("second")
    assert store.secrets() == ("second", "first")
