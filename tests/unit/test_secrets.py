"""Credentials are hidden, in the log, in the view and on the screen, whoever says them; code is left alone."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.agent import output
from throughline.agent.output import HIDDEN, hide, masked, plain_text
from throughline.domain.events import FullOutputStored, ToolCalled
from unit.credentials import KINDS, PLAIN, mixed, pem, small
from unit.tool_harness import ToolHarness

GITHUB = "gh" + f"p_{mixed(36)}"


@pytest.mark.parametrize(("kind", "text", "secret"), KINDS, ids=[row[0] for row in KINDS])
def test_a_credential_is_hidden(kind: str, text: str, secret: str) -> None:
    for said in (text, f"Here:\n{text}\nand so on.\n"):
        hidden = masked(said)
        assert secret not in hidden
        assert HIDDEN.search(hidden)
        assert masked(hidden) == hidden


@pytest.mark.parametrize("text", PLAIN)
def test_what_only_looks_a_little_like_one_is_left_alone(text: str) -> None:
    assert masked(text) == text
    assert masked(f"Here:\n  {text}\nand so on.") == f"Here:\n  {text}\nand so on."


def test_the_sources_of_this_project_hold_none() -> None:
    for path in Path(output.__file__).parents[1].rglob("*.py"):
        text = path.read_text("utf-8")
        assert masked(text) == text, path


def test_what_the_user_allows_is_not_hidden() -> None:
    text = f"{GITHUB} and sk_te" + f"st_{mixed(24)}"
    assert masked(text, (), ["sk_test_*"]) == "[hidden credential: token of GitHub] and sk_te" + f"st_{mixed(24)}"
    assert masked(text, (), ["*"]) == text


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.sampled_from([one for _, one, _ in KINDS]), st.text(max_size=40)), max_size=6))
def test_masking_again_changes_nothing_and_no_event_is_harmed(texts: list[str]) -> None:
    text = "\n".join(texts)
    call = ToolCalled(1, "c", "run_command", {"command": text, "more": [text]}, 1)
    once = hide(call)
    assert hide(once) == once
    assert once.args["command"] == masked(text)
    assert (once.id, once.tool, list(once.args)) == ("c", "run_command", ["command", "more"])


def test_an_argument_says_by_its_name_what_it_is() -> None:
    call = ToolCalled(1, "c", "fetch", {"headers": {"api_key": small(32)}, "sha": small(32)}, 1)
    assert hide(call).args == {"headers": {"api_key": "[hidden credential: credential]"}, "sha": small(32)}


def test_a_known_secret_is_hidden_whatever_it_looks_like() -> None:
    assert masked("it is swordfish77", ["swordfish77", ""]) == "it is [hidden credential: known]"


SLOW = [
    "a",
    "a.a-",
    "eyJ",
    "A_",
    "\r",
    "token ",
    "password=1",
    "://",
    "MIIEow3IBAAK",
    " \n",
    "a:",
    "curl -u ",
    "Cookie: a=",
    "-----BEGIN ",
]


@pytest.mark.slow
@pytest.mark.parametrize("text", [(one * 500_000)[:500_000] for one in SLOW], ids=SLOW)
def test_a_long_line_takes_no_time(text: str) -> None:
    began = time.process_time()
    masked(plain_text(text))
    assert time.process_time() - began < 2


async def test_no_credential_reaches_the_log_the_view_or_the_screen(tmp_path: Path) -> None:
    tools = ToolHarness(tmp_path, secrets=lambda: ["swordfish77"])
    tools.write(".env", f"PORT=80\nAPI_TOKEN=rake-and-hoe\nKEY2={GITHUB}\n")
    read = await tools.call("read_file", path=".env")
    assert read.text.startswith("1\tPORT=80\n2\tAPI_TOKEN=[hidden credential: credential]\n")
    tools.write("word.txt", "swordfish77 " * 9_000)
    many = "print(open('word.txt').read(), open('.env').read())"
    await tools.call("run_command", command=f'{sys.executable} -c "{many}"')
    assert tools.kept(FullOutputStored)
    for text in (str(tools.log.events), "".join(tools.shown)):
        for secret in ("swordfish77 ", "rake-and-hoe", GITHUB):
            assert secret not in text


async def test_a_hidden_credential_is_never_written_back(tmp_path: Path) -> None:
    tools = ToolHarness(tmp_path)
    env = tools.write(".env", "PORT=80\nAPI_TOKEN=rake-and-hoe\n")
    shown = (await tools.call("read_file", path=".env")).text
    refused = await tools.call("write_file", path=".env", text=shown.replace("80", "81"))
    assert "hidden credential" in refused.text
    refused = await tools.call("edit_file", path=".env", old=shown, new=shown.replace("80", "81"))
    assert "hidden credential" in refused.text
    refused = await tools.call("edit_file", path=".env", old=shown, new="PORT=81\n")
    assert "leave that line out of it" in refused.text
    assert not (await tools.call("edit_file", path=".env", old="PORT=80", new="PORT=81")).error
    assert env.read_text() == "PORT=81\nAPI_TOKEN=rake-and-hoe\n"


async def test_a_command_with_a_hidden_credential_is_not_run(tmp_path: Path) -> None:
    tools = ToolHarness(tmp_path)
    result = await tools.call("run_command", command=f"echo {masked(GITHUB)} > x")
    assert "hidden credential" in result.text
    assert not (tmp_path / "x").exists()
    assert not tools.answers.asked


async def test_a_private_key_does_not_leak_in_pieces(tmp_path: Path) -> None:
    tools = ToolHarness(tmp_path)
    tools.write("id_rsa", pem("RSA PRIVATE " + "KEY") + "\n")
    for result in (
        await tools.call("read_file", path="id_rsa", first=2, last=3),
        await tools.call("read_file", path="id_rsa", last=2),
        await tools.call("search", pattern="^MIIE"),
        await tools.call("run_command", command="tail -n +2 id_rsa"),
        await tools.call("run_command", command="head -3 id_rsa | tail -1"),
    ):
        assert "MIIE" not in result.text
        assert HIDDEN.search(result.text)
