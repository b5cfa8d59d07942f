"""The editor's settings, from which the extension's manifest and its reading of them are generated."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

Value: TypeAlias = str | int | float | bool | tuple[str, ...]
# Of the machine alone, so that no workspace can set it; or of a workspace too.
Scope: TypeAlias = Literal["machine", "machine-overridable"]


@frozen
class Setting:
    """One setting: its name after `throughline.`, the option that carries it to the sidecar (none for the extension's
    own), its default, and its description, in Markdown where it names another setting or code.
    """

    name: str
    option: str
    default: Value
    text: str
    scope: Scope = "machine-overridable"
    least: float | None = None
    most: float | None = None
    choices: tuple[tuple[str, str], ...] = ()


SETTINGS = (
    Setting(
        "python", "", "",
        "Path of the Python (3.11 to 3.14) that runs the sidecar. Empty: `THROUGHLINE_PYTHON` from the environment, "
        "else the first that fits on the path.",
        "machine",
    ),
    Setting("model", "model", "claude-sonnet-5-5", "Model that does the work."),
    Setting("compressionModel", "compressor", "claude-haiku-5-5", "Model that compacts: a cheap one will do."),
    Setting(
        "endpoint", "endpoint", "",
        "Address of another server that speaks the Messages API, for example `http://127.0.0.1:8080`. The API key is "
        "sent there. Empty: the model's own.",
        "machine",
    ),
    Setting("window", "window", 12, "Turns after which the older ones are compacted.", least=3, most=1000),
    Setting(
        "share", "share", 0.55,
        "Share of the model's context, from 0 to 1, above which a compaction begins before `#throughline.window#` is "
        "reached.",
        least=0.1, most=0.95,
    ),
    Setting(
        "maxContext", "max_context", 160_000,
        "Tokens, as the model counts them, above which a compaction begins even where that is less than "
        "`#throughline.share#` of the model's context: with a window of a million, money and attention run out before "
        "the room does.",
        least=20_000, most=2_000_000,
    ),
    Setting("summaryBudget", "summary", 800, "Tokens that the rolling summary may take.", least=200, most=8000),
    Setting(
        "archiveBudget", "archive", 2000,
        "Tokens that the project archive, `.agent/project-context.md`, may take.",
        least=500, most=20000,
    ),
    Setting(
        "allowed", "allowed", (),
        "What tools may do without asking, as patterns: `edit:src/**`, `read:/etc/hosts`, `run:npm test`, "
        "`run:pytest *`. Everything else that changes a file, runs a command or leaves the folder asks in the chat.",
        "machine",
    ),
    Setting(
        "allowedSecrets", "allowed_secrets", (),
        "Credentials that may be sent to the model and kept, as patterns in which `*` stands for anything: "
        "`sk_test_*`. All others are hidden, wherever they are said.",
        "machine",
    ),
    Setting(
        "cacheHour", "hour", "stable",
        "What the provider is asked to keep in its cache for an hour instead of five minutes, which costs more to "
        "write. In five recorded sessions with 2 to 13 pauses of that length, `stable` lowered the bill by 0.2 to 7.5 "
        "percent, and `always` raised it by 10 to 28: Throughline compacts what has gone cold anyway.",
        choices=(
            ("never", "Five minutes for everything."),
            ("stable", "Tools, system prompt and archive, where the model's price for that is known."),
            ("always", "Everything, the conversation too."),
        ),
    ),
    Setting(
        "preview", "preview", "never", "Whether a compaction waits until you have looked at it.",
        choices=(
            ("never", "Compact when it is due; every compaction can be undone."),
            ("first", "Wait for your word in the first five sessions of a project."),
            ("always", "Wait for your word every time."),
        ),
    ),
    Setting(
        "distil", "distil", "ask", "What becomes of what a session leaves for the project archive when it ends.",
        choices=(
            ("ask", "It waits as a change that you accept, edit or reject."),
            ("write", "It is written at once, unseen."),
        ),
    ),
)  # fmt: skip
