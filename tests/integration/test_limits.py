"""What an editor may send and a workspace may hold: each gets an answer, and the session goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from pygls.exceptions import JsonRpcException

from integration.sidecar import sidecar
from throughline.protocol import methods
from throughline.protocol.state import State, UserRow

ODD = "a \"b\"\n'c' #?%20.py"


def idle(state: State) -> bool:
    return state.activity == "idle" and bool(state.rows)


async def test_a_message_of_fifty_megabytes_is_refused_in_one_line_and_the_next_one_is_taken(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.DEMO)
        with pytest.raises(JsonRpcException, match="too long") as refused:
            await editor.ask(methods.SEND, text="word " * 10_000_000, files=[])
        assert len(str(refused.value.message)) < 200
        await editor.ask(methods.SEND, text="Hello", files=[])
        state = await editor.until(idle)
    assert [row.text for row in state.rows if isinstance(row, UserRow)] == ["Hello"]


async def test_a_file_with_quotes_and_a_line_break_in_its_name_is_a_file_like_others(tmp_path: Path) -> None:
    (tmp_path / ODD).write_text("def one(first: int) -> int:\n    return first\n" * 30, encoding="utf-8")
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.START, objective="odd names", role="engineer")
        answer = await editor.ask(methods.INJECT, uris=[editor.uri(ODD)], form="skeleton")
        assert (answer.paths, answer.refused) == ([ODD], [])
        (tmp_path / ODD).write_text("def two() -> None:\n    pass\n", encoding="utf-8")
        editor.saved(ODD)
        await editor.until(lambda s: bool(s.files) and s.files[0].freshness == "stale")
        assert await editor.hover(ODD, 1) is not None
        await editor.ask(methods.REFRESH, uri=editor.uri(ODD))
        await editor.until(lambda s: s.files[0].freshness == "fresh")
        assert (await editor.ask(methods.FILES, query="'c'")).paths == [ODD]


async def test_among_fifty_thousand_files_one_is_found_and_enters(tmp_path: Path) -> None:
    for folder in range(500):
        (tmp_path / f"part{folder}").mkdir()
        for number in range(100):
            (tmp_path / f"part{folder}" / f"file{number}.py").touch()
    (tmp_path / "part7" / "needle.py").write_text("found = True\n", encoding="utf-8")
    async with sidecar(tmp_path) as editor:
        await editor.ask(methods.START, objective="look", role="engineer")
        assert (await editor.ask(methods.FILES, query="needle")).paths == ["part7/needle.py"]
        answer = await editor.ask(methods.INJECT, uris=[editor.uri("part7/needle.py")], form="skeleton")
        assert answer.paths == ["part7/needle.py"]


async def test_where_nothing_can_be_written_a_session_says_so_and_starts_once_it_can(tmp_path: Path) -> None:
    (tmp_path / ".agent").write_text("in the way", encoding="utf-8")
    async with sidecar(tmp_path) as editor:
        with pytest.raises(JsonRpcException, match=r"\.agent") as refused:
            await editor.ask(methods.START, objective="write", role="engineer")
        assert "Error" not in str(refused.value.message)
        (tmp_path / ".agent").unlink()
        state = await editor.ask(methods.START, objective="write", role="engineer")
        assert state.session is not None


async def test_without_a_folder_every_request_says_what_is_missing(tmp_path: Path) -> None:
    async with sidecar(tmp_path, rooted=False) as editor:
        for method, params in (
            (methods.START, {"objective": "x", "role": "qa"}),
            (methods.DEMO, {}),
            (methods.SESSIONS, {}),
        ):
            with pytest.raises(JsonRpcException, match="open one"):
                await editor.ask(method, **params)
