"""Header of a file in the view: the log has the content alone, and older logs are shown as they were."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.agent.file_rendering import FileRequest, render_file
from throughline.context.assemble import render_turns
from throughline.domain.events import FileInjected
from throughline.domain.file_header import shown_text, split_header
from throughline.domain.session import fold
from throughline.storage.codec import decode_event, encode_event
from throughline.storage.event_store import SqliteEventStore
from unit.event_logs import count

OLD = Path(__file__).parent / "databases" / "headers-in-texts.db.gz"
TEXTS = st.sampled_from(["", "a\n", "\n\n", "File a.txt:\n\n", "File a.txt, lines 1 to 2 of 3:\n\nb\n", "a\nb\nc\nd"])


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of the version that had the header in the event's text."""
    path = tmp_path / "throughline.db"
    path.write_bytes(gzip.decompress(OLD.read_bytes()))
    return path


def stored(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT body FROM events WHERE kind = 'file_injected' ORDER BY seq")
        return [json.loads(body)["text"] for (body,) in found]


def test_a_log_of_the_version_before_is_shown_byte_for_byte_as_it_was(old: Path) -> None:
    before = stored(old)
    assert len(before) == 9
    with closing(SqliteEventStore(old)) as database:
        log = list(database.read("s"))
    files = [one.event for one in log if isinstance(one.event, FileInjected)]
    assert [shown_text(file) for file in files] == before
    assert not any(file.headed for file in files)
    assert files[0].text.startswith("line 1\n")
    assert (files[1].text, files[1].lines) == ("line 3\nline 4\nline 5\n", 40)
    assert stored(old) == before
    view = [block.text for block in render_turns(fold(log)).blocks if block.place == "file"]
    assert view == before


@given(
    TEXTS, st.sampled_from(["full", "skeleton"]), st.integers(0, 3), st.integers(0, 3), st.sampled_from(["", "b.txt"])
)
def test_what_a_version_before_wrote_is_read_as_what_is_written_now(
    text: str, form: str, first: int, more: int, was: str
) -> None:
    asked = FileRequest(form, first, first + more)  # type: ignore[arg-type]
    now = render_file("a.txt", text, asked, count, was=was)
    data = {**json.loads(encode_event(now)), "text": shown_text(now)}
    del data["headed"], data["lines"]
    assert decode_event(json.dumps(data)) == now
    assert decode_event(encode_event(now)) == now
    assert now.tokens == count(shown_text(now)) or now.form == "skeleton"


@pytest.mark.parametrize("text", ["", "text", "File another.txt:\n\ntext", "File a.txt, lines 1 to 2 of many:\n\ntext"])
@pytest.mark.parametrize("lines", [(0, 0), (1, 2)])
def test_a_text_without_such_a_header_stays_as_it_is(text: str, lines: tuple[int, int]) -> None:
    event = FileInjected("a.txt", "0", "full", text, 1, 1, *lines)
    assert split_header(event) == event
    assert shown_text(event) == text
