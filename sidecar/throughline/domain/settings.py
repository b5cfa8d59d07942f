"""The settings: one table, from which everything else that knows of a setting is made.

A field of `UserSettings` is the one place where a setting is written down: its type and default, what it is called in
the editor, its range, its text, who may set it, and its option of the command line where it has one. The message that
carries the editor's settings, the extension's manifest and its reading of them, the command line's options and the
`Settings` of a session follow from it.
"""

# A row of the table is a call.
# ruff: noqa: RUF009

from __future__ import annotations

from typing import Any, Literal, TypeAlias, TypeVar

from attrs import Factory, field, fields, frozen

Hour: TypeAlias = Literal["never", "stable", "always"]
Strategy: TypeAlias = Literal["throughline", "full", "masking", "window"]
Asking: TypeAlias = Literal["always", "first", "never"]
Distilling: TypeAlias = Literal["write", "ask"]

Value: TypeAlias = str | int | float | bool | tuple[str, ...]
# Of the machine alone, so that no workspace can set it; or of a workspace too.
Scope: TypeAlias = Literal["machine", "machine-overridable"]

T = TypeVar("T")

# In so many sessions of a project `preview` "first" asks.
FIRST = 5
# Seconds after which what the provider caches has gone cold, by default and for a higher price.
_FIVE_MINUTES, _HOUR = 300.0, 3_600.0


@frozen
class CommandOption:
    """A setting's option of the command line: its flag, the command that has it, its help (the setting's own text where
    it is empty) and its least value where that is another than the editor's.
    """

    flag: str
    command: str
    text: str = ""
    least: float | None = None


@frozen
class Setting:
    """One setting: its name after `throughline.`, the field of the `Settings` that it arrives in (none for the
    extension's own), its default, and its description, in Markdown where it names another setting or code.

    The range is from `least` to `most`, both allowed; `choices` are the values of a choice with a line on each.
    """

    name: str
    field: str
    default: Value
    text: str
    scope: Scope = "machine-overridable"
    least: float | None = None
    most: float | None = None
    choices: tuple[tuple[str, str], ...] = ()
    option: CommandOption | None = None


def _row(default: T, name: str, text: str, scope: Scope = "machine-overridable", **more: Any) -> T:
    """A field of the table."""
    made: T = field(default=default, metadata={"name": name, "text": text, "scope": scope, **more})
    return made


@frozen
class UserSettings:
    """What the user can set, a row each. Their names in the editor are in people's files: they do not change."""

    model: str = _row("claude-sonnet-5-5", "model", "Model that does the work.")
    compressor: str = _row("claude-haiku-5-5", "compressionModel", "Model that compacts: a cheap one will do.")
    endpoint: str = _row(
        "",
        "endpoint",
        "Address of another server that speaks the Messages API, for example `http://127.0.0.1:8080`. The API key is "
        "sent there. Empty: the model's own.",
        "machine",
    )
    window: int = _row(12, "window", "Turns after which the older ones are compacted.", least=3, most=1000)
    share: float = _row(
        0.55,
        "share",
        "Share of the model's context, from 0 to 1, above which a compaction begins before `#throughline.window#` is "
        "reached.",
        least=0.1,
        most=0.95,
    )
    max_context: int = _row(
        160_000,
        "maxContext",
        "Tokens, as the model counts them, above which a compaction begins even where that is less than "
        "`#throughline.share#` of the model's context: with a window of a million, money and attention run out before "
        "the room does.",
        least=20_000,
        most=2_000_000,
    )
    reply: int = _row(
        8_192,
        "replyTokens",
        "Tokens that one reply of the model may take, its thinking and calls among them: a longer one is cut off and "
        "gone on with. It is never more than a quarter of the model's context, nor than the model allows.",
        least=1_024,
        most=128_000,
        option=CommandOption("--reply-tokens", "chat", "Tokens that one reply of the model may take."),
    )
    summary: int = _row(
        800,
        "summaryBudget",
        "Tokens that the rolling summary may take.",
        least=200,
        most=8000,
        option=CommandOption("--budget", "replay", "Tokens of the summary.", least=120),
    )
    archive: int = _row(
        2000,
        "archiveBudget",
        "Tokens that the project archive, `.agent/project-context.md`, may take.",
        least=500,
        most=20000,
        option=CommandOption("--archive-budget", "replay", "And the archive's.", least=120),
    )
    allowed: tuple[str, ...] = _row(
        (),
        "allowed",
        "What tools may do without asking, as patterns: `edit:src/**`, `read:/etc/hosts`, `run:npm test`, "
        "`run:pytest *`. Everything else that changes a file, runs a command or leaves the folder asks in the chat.",
        "machine",
        option=CommandOption(
            "--allow",
            "chat",
            "What tools may do unasked: `edit:src/**`, `run:python -m pytest*`, `read:/usr/include/**`.",
        ),
    )
    allowed_secrets: tuple[str, ...] = _row(
        (),
        "allowedSecrets",
        "Credentials that may be sent to the model and kept, as patterns in which `*` stands for anything: "
        "`sk_test_*`. All others are hidden, wherever they are said.",
        "machine",
        option=CommandOption(
            "--allow-secret",
            "chat",
            "A credential that may be sent to the model, `*` for anything: `sk_test_*`. All others are hidden.",
        ),
    )
    hour: Hour = _row(
        "stable",
        "cacheHour",
        "What the provider is asked to keep in its cache for an hour instead of five minutes, which costs more to "
        "write. In five recorded sessions with 2 to 13 pauses of that length, `stable` lowered the bill by 0.2 to 7.5 "
        "percent, and `always` raised it by 10 to 28: Throughline compacts what has gone cold anyway.",
        choices=(
            ("never", "Five minutes for everything."),
            ("stable", "Tools, system prompt and archive, where the model's price for that is known."),
            ("always", "Everything, the conversation too."),
        ),
    )
    cost_warning: float = _row(
        0.1,
        "costWarning",
        "Cost in dollars from which a warning stands above a message before you send it, where it pays again for what "
        "the provider had cached, as after a long pause or with another model. Where the price is not known: from "
        "100,000 tokens. 0: never.",
        least=0.0,
        most=1000.0,
        option=CommandOption(
            "--cost-warning",
            "chat",
            "Cost in dollars from which a warning says that a message pays again for what was cached; 0: never.",
        ),
    )
    warm: bool = _row(
        False,
        "warmCache",
        "When a session is opened again after a pause, one request fills the provider's cache at once, so that the "
        "first message does not wait for that. The request pays what the first message would have paid.",
        option=CommandOption(
            "--warm-cache", "chat", "Fill the provider's cache at once, where a session goes on after a pause."
        ),
    )
    preview: Asking = _row(
        "never",
        "preview",
        "Whether a compaction waits until you have looked at it.",
        choices=(
            ("never", "Compact when it is due; every compaction can be undone."),
            ("first", "Wait for your word in the first five sessions of a project."),
            ("always", "Wait for your word every time."),
        ),
    )
    distil: Distilling = _row(
        "ask",
        "distil",
        "What becomes of what a session leaves for the project archive when it ends.",
        choices=(
            ("ask", "It waits as a change that you accept, edit or reject."),
            ("write", "It is written at once, unseen."),
        ),
    )


def _cold(settings: Settings) -> float:
    return _HOUR if settings.hour == "always" else _FIVE_MINUTES


@frozen
class Settings(UserSettings):
    """The settings of a session: the user's, and the numbers that nobody sets.

    `kept` counts turns, `cold` and `patience` are seconds; `share` and `kept_share` are parts of the model's context
    limit, `reply` and `max_context` are in the model's own tokens, and the others are o200k tokens.

    Of old tool output a batch is masked at a time, and `fresh` of it stays, or `trimmed` where the prefix changes
    anyway. What is told of compacted turns beside the summary takes up to `recap`. A model that summarises is waited
    for `patience` seconds, and its request has at most `quoted` tokens. What the provider caches has gone `cold` after
    five minutes, or an hour where all of it is kept so long. After `replies` replies in one turn the user is asked
    whether it shall go on.
    """

    strategy: Strategy = "throughline"
    batch: int = 10_000
    fresh: int = 8_000
    trimmed: int = 2_000
    cold: float = Factory(_cold, takes_self=True)
    kept: int = 2
    kept_share: float = 0.03
    recap: int = 8_000
    patience: float = 30.0
    quoted: int = 60_000
    replies: int = 500


def session_settings(given: UserSettings) -> Settings:
    """The settings of a session by what the user has set: all of it, by name."""
    return Settings(**{one.name: getattr(given, one.name) for one in fields(UserSettings)})


def setting_rows() -> tuple[Setting, ...]:
    """The table's rows, in its order."""
    usual = UserSettings()
    return tuple(
        Setting(field=one.name, default=getattr(usual, one.name), **one.metadata) for one in fields(UserSettings)
    )
