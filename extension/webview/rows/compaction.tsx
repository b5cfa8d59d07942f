import { count } from "../../src/numbers";
import type { CompactionRow, MissingEntry } from "../../src/protocol";
import { run } from "../bridge";
import { Icon } from "../icons";
import { session, undoable } from "../store";
import { visible } from "../visible";

/** Where older turns became entries: what it saved, what the new context keeps, and the way back. */
export function Compaction({ row }: { row: CompactionRow }) {
  const lost = row.live - row.held;
  const kept = `Entries added: ${row.added}. The context keeps ${row.held} of ${row.live} live entries.`;
  return (
    <div class={row.undone ? "compaction undone" : "compaction"}>
      <Icon name="fold" />
      <span class="text">
        <span class="struck">
          Compacted turns {row.through > 1 ? `1–${row.through}` : row.through} · {count(row.before)} → {count(row.after)} tokens
        </span>
        {" · "}
        <span class={lost > 0 ? "lost" : ""} title={kept}>
          {row.held} of {row.live} entries kept
        </span>
        {!row.undone && <Missing entries={row.missing} />}
      </span>
      {row.undone && <span class="muted">undone</span>}
      {!row.undone && row.compaction === undoable.value && !session.value?.readonly && (
        <button class="quiet" aria-label="Undo this compaction" onClick={() => run("undo", row.compaction)}>
          Undo
        </button>
      )}
    </div>
  );
}

/** The entries that the context does not hold any more, why, and the way to keep each. */
export function Missing({ entries }: { entries: MissingEntry[] }) {
  if (entries.length === 0) return null;
  return (
    <details class="missing">
      <summary>Not in the context: {entries.length}</summary>
      <ul>
        {entries.map((one) => (
          <li key={one.id}>
            {visible(one.text)} <span class="muted">({one.why})</span>
            {!session.value?.readonly && (
              <button class="quiet" title="Pin it: pinned entries come first in every summary" aria-label={`Keep ${visible(one.text)}`} onClick={() => run("pin", one.id)}>
                Keep
              </button>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}
