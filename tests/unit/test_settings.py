"""Every setting of the table reaches a session, from the editor and from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import click
import pytest
from attrs import evolve, fields

from throughline.app.container import Container
from throughline.cli.main import commands
from throughline.domain.settings import Setting, Settings, UserSettings, session_settings, setting_rows
from throughline.protocol.codec import decode
from throughline.protocol.generate import manifest, protocol
from throughline.protocol.messages import Options
from throughline.protocol.settings import SETTINGS
from throughline.session.live_session import LiveSession
from throughline.testing.scripted import ScriptedModel
from throughline.testing.scripted_replies import ScriptedReply
from unit.event_logs import STARTED
from unit.session_harness import SessionHarness

EXTENSION = Path(__file__).parents[2] / "extension"
ROWS = pytest.mark.parametrize("row", setting_rows(), ids=lambda row: row.name)
# What people have in their settings.json.
NAMES = (
    "python model compressionModel endpoint window share summaryBudget archiveBudget allowed allowedSecrets cacheHour "
    "preview distil"
)


def other(row: Setting) -> Any:
    """A value of the row's type, in its range, that is not its default."""
    if row.choices:
        return next(name for name, _ in row.choices if name != row.default)
    if isinstance(row.default, tuple):
        return ["run:make"]
    if isinstance(row.default, str):
        return f"{row.default}x"
    if isinstance(row.default, bool):
        return not row.default
    assert row.most is not None
    return row.most if row.most != row.default else row.least


class Nobody:
    def logged(self, events: Any) -> None: ...
    def streamed(self, turn: int, text: str) -> None: ...


async def test_every_setting_of_the_editor_arrives_in_the_session(tmp_path: Path) -> None:
    chosen = {row.field: other(row) for row in setting_rows()}
    data = json.loads(json.dumps({"version": 1, "demo": str(tmp_path / "demo.jsonl"), **chosen}))
    workspace = Container().editor_workspace(tmp_path, decode(Options, data))
    live = await workspace.begin("an errand", "engineer", "live", Nobody(), workspace.disk)
    await live.close()
    for row in setting_rows():
        arrived = getattr(live.settings, row.field)
        assert arrived == (tuple(chosen[row.field]) if isinstance(row.default, tuple) else chosen[row.field]), row.name
        assert type(arrived) is type(row.default)


def test_what_nobody_sets_is_as_it_was() -> None:
    options = Options(version=1, demo="")
    assert session_settings(options) == Settings()
    assert {row.field for row in SETTINGS if row.field} == {one.name for one in fields(UserSettings)}
    for row in setting_rows():
        assert getattr(options, row.field) == row.default == getattr(Settings(), row.field)


@pytest.mark.parametrize(("hour", "cold"), [("never", 300.0), ("stable", 300.0), ("always", 3_600.0)])
def test_the_cache_is_cold_when_the_provider_has_let_go_of_it(hour: Any, cold: float) -> None:
    assert session_settings(UserSettings(hour=hour)).cold == cold


@ROWS
def test_a_row_says_all_that_the_editor_shows(row: Setting) -> None:
    shown = json.loads(manifest((EXTENSION / "package.json").read_text("utf-8")))["contributes"]["configuration"]
    made = shown["properties"][f"throughline.{row.name}"]
    assert made.get("description", made.get("markdownDescription")) == row.text
    assert (made.get("minimum"), made.get("maximum")) == (row.least, row.most)
    assert f'  {row.field}: ["{row.name}", {json.dumps(row.default)}],' in protocol()
    if isinstance(row.default, int | float) and not isinstance(row.default, bool):
        assert row.least is not None
        assert row.most is not None
        assert row.least <= row.default <= row.most
    values = get_args(get_type_hints(UserSettings)[row.field])
    if row.choices:
        assert {name for name, _ in row.choices} == set(values)


def test_settings_are_called_in_the_editor_as_they_always_were() -> None:
    assert set(NAMES.split()) <= {row.name for row in SETTINGS}


def _invoked(command: str, *arguments: str) -> dict[str, Any]:
    made = commands.commands[command]
    with made.make_context(command, list(arguments)) as context:
        return context.params


BARE = {"chat": (), "replay": (__file__, "--project", ".")}
OPTIONS = [row for row in setting_rows() if row.option]


@pytest.mark.parametrize("row", OPTIONS, ids=lambda row: row.name)
def test_an_option_of_the_command_line_gives_its_setting(row: Setting) -> None:
    assert row.option is not None
    name, bare = f"setting_{row.field}", BARE[row.option.command]
    assert _invoked(row.option.command, *bare)[name] == row.default
    value = other(row)
    said = [] if value is True else [value[0] if isinstance(value, list) else str(value)]
    given = _invoked(row.option.command, row.option.flag, *said, *bare)[name]
    assert given == (tuple(value) if isinstance(value, list) else value)
    if row.option.least is not None or row.least is not None:
        with pytest.raises(click.BadParameter):
            _invoked(row.option.command, row.option.flag, "-1", *bare)


@pytest.mark.parametrize(
    ("reply", "window", "asked"),
    [(8_192, 200_000, 8_192), (64_000, 200_000, 50_000), (64_000, 1_000_000, 64_000), (1_024, 2_000, 500)],
)
async def test_the_reply_limit_reaches_the_request_and_is_at_most_a_quarter_of_the_context(
    reply: int, window: int, asked: int
) -> None:
    harness, model = SessionHarness(), ScriptedModel([ScriptedReply("Fine.")])
    chosen, begun = Settings(reply=reply), evolve(STARTED, limit=window)
    live = await LiveSession.start(harness.ports, harness.config(model), chosen, begun)
    await live.send("go")
    await live.settled()
    await live.close()
    assert [request.limit for request in model.requests if request.purpose == "chat"] == [asked]
