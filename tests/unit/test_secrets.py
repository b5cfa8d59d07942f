"""Credentials in a tool's output are hidden, in the log, in the view and on the screen; code is left alone."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from throughline.agent.reel import plain
from throughline.agent.secrets import HIDDEN, masked
from throughline.core.deeds import OutputKept
from unit.shop import Shop

# Put together here, so that no scanner takes this file for a leak.
ANTHROPIC = "sk-" + "ant-api03-" + "aB3_" * 10
GITHUB = "gh" + "p_" + "aB3x" * 9
AWS = "AKI" + "A" + "ABCDEFGHIJKLMNOP"
JWT = ".".join(("ey" + "J0eXAiOiJKV1Qi", "ey" + "JzdWIiOiIxMjM0", "s5VQ_8f-xyz12"))
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA " + "PRIVATE KEY-----"

HIDES = [
    (f"key: {ANTHROPIC}", ANTHROPIC),
    (f"remote: https://x:{GITHUB}@github.com/a/b", GITHUB),
    (f"aws_access_key_id = {AWS}", AWS),
    (f"Cookie: session={JWT};", JWT),
    (f"cat id_rsa\n{PEM}\nend", "MIIEow"),
    (PEM[:50], "MIIEow"),
    ("DB_PASSWORD=hunter2", "hunter2"),
    ("export API_KEY='abc def'", "abc def"),
    (".env:3:SECRET_TOKEN=xyzzy", "xyzzy"),
    ("postgres://shed:rake77@db.local/tools", "rake77"),
    ("Authorization: Bearer abcdefghijklmnop", "abcdefghijklmnop"),
    ('{"api_key": "f3a9c1e7b2d84f60a1"}', "f3a9c1e7b2d84f60a1"),
    ("password: 'Tr0ub4dor&3-horse-staple'", "Tr0ub4dor&3"),
]


@pytest.mark.parametrize(("text", "secret"), HIDES)
def test_a_credential_is_hidden(text: str, secret: str) -> None:
    hidden = masked(text)
    assert secret not in hidden
    assert HIDDEN.search(hidden)
    assert masked(hidden) == hidden


LEAVES = [
    "token = next(tokens)",
    "def login(password: str, token: str | None = None) -> None:",
    'API_KEY = os.environ["ANTHROPIC_API_KEY"]',
    "ANTHROPIC_API_KEY=$KEY",
    "password = 'hunter2'  # too short to be told from a word",
    'secret = "the-name-of-a-secret-in-a-vault"',
    "commit 4775b1cd5680ac00a3a42a7cd5784678c4b49163",
    "sha256-8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806",
    "https://example.org/a:b@c",
    "MONKEY=banana",
    "input_tokens: 1234567890123456789",
    "sk-learn and sk-image",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
]


@pytest.mark.parametrize("text", LEAVES)
def test_what_only_looks_a_little_like_one_is_left_alone(text: str) -> None:
    assert masked(text) == text


def test_a_known_secret_is_hidden_whatever_it_looks_like() -> None:
    assert masked("it is swordfish77", ["swordfish77", ""]) == "it is [hidden credential: known]"


@pytest.mark.parametrize("text", ["a" * 500_000, "a.a-" * 125_000, "eyJ" * 150_000, "A_" * 250_000, "\r" * 500_000])
def test_a_long_line_takes_no_time(text: str) -> None:
    began = time.process_time()
    masked(plain(text))
    assert time.process_time() - began < 2


async def test_no_credential_reaches_the_log_the_view_or_the_screen(tmp_path: Path) -> None:
    shop = Shop(tmp_path, secrets=lambda: ["swordfish77"])
    shop.write(".env", f"PORT=80\nAPI_TOKEN=rake-and-hoe\nKEY2={GITHUB}\n")
    read = await shop.call("read_file", path=".env")
    assert read.text.startswith("PORT=80\nAPI_TOKEN=[hidden credential: credential]\n")
    shop.write("word.txt", "swordfish77 " * 9_000)
    many = "print(open('word.txt').read(), open('.env').read())"
    await shop.call("run_command", command=f'{sys.executable} -c "{many}"')
    assert shop.kept(OutputKept)
    for text in (str(shop.log.events), "".join(shop.shown)):
        for secret in ("swordfish77 ", "rake-and-hoe", GITHUB):
            assert secret not in text


async def test_a_hidden_credential_is_never_written_back(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    env = shop.write(".env", "PORT=80\nAPI_TOKEN=rake-and-hoe\n")
    shown = (await shop.call("read_file", path=".env")).text
    refused = await shop.call("write_file", path=".env", text=shown.replace("80", "81"))
    assert "hidden credential" in refused.text
    refused = await shop.call("edit_file", path=".env", old=shown, new=shown.replace("80", "81"))
    assert "hidden credential" in refused.text
    refused = await shop.call("edit_file", path=".env", old=shown, new="PORT=81\n")
    assert "leave that line out of it" in refused.text
    assert not (await shop.call("edit_file", path=".env", old="PORT=80", new="PORT=81")).error
    assert env.read_text() == "PORT=81\nAPI_TOKEN=rake-and-hoe\n"
