"""A compaction before it is done, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from throughline.compression.compaction import Preview
from throughline.compression.packing import line
from throughline.core.ledger import Entry


def previewed(preview: Preview) -> str:
    """What a compaction would do: its turns, the view's tokens (o200k), the entries, the self-check and the summary."""
    event = preview.event
    who = "the model" if event.summariser == "model" else "local rules"
    groups = {
        "Added": preview.added,
        "Revised": preview.revised,
        "No longer in force": preview.folded,
        "Not in the view after it (recall finds them)": preview.missing,
    }
    counts = (
        f"kept {len(preview.kept)}, added {len(preview.added)}, revised {len(preview.revised)}, "
        f"no longer in force {len(preview.folded)}"
    )
    first, last = preview.turns[0], preview.turns[-1]
    out = [
        f"## Compaction of turns {first} to {last}" if first != last else f"## Compaction of turn {first}",
        "",
        f"- By {who}: {preview.before:,} → {event.after:,} tokens" + ("" if preview.gains else ", which gains nothing"),
        f"- Entries: {counts}; {event.live - len(preview.missing)}/{event.live} held",
        f"- Tool results masked: {len(preview.masked)}"
        + (f", which leaves {preview.after:,} tokens" if preview.masked else ""),
    ]
    for title, entries in groups.items():
        if entries:
            out += ["", f"### {title}", *_bullets(entries)]
    return "\n".join([*out, "", preview.summary])


def _bullets(entries: Sequence[Entry]) -> list[str]:
    return [f"- {entry.kind}: {line(entry)}" for entry in entries]
