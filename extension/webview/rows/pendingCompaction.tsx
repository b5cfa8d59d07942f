import { count } from "../../src/numbers";
import type { HeldRow } from "../../src/protocol";
import { run } from "../bridge";
import { Icon } from "../icons";
import { session } from "../store";
import { Missing } from "./compaction";

/** A compaction that waits for the user's word: what it would save and keep. */
export function PendingCompaction({ row }: { row: HeldRow }) {
  const lost = row.live - row.held;
  return (
    <div class="compaction waits" role="group" aria-label="A compaction waits for your word">
      <Icon name="fold" />
      <span class="text">
        {row.gains ? "Compact" : "Compacting"} turns {row.through > 1 ? `1–${row.through}` : row.through} · {count(row.before)} → {count(row.after)} tokens
        {" · "}
        <span class={lost > 0 ? "lost" : ""} title={`The context would keep ${row.held} of ${row.live} live entries.`}>
          {row.held} of {row.live} entries kept
        </span>
        {" · "}
        {row.gains ? `${row.added} new entries` : "gains nothing"}
        <Missing entries={row.missing} />
      </span>
      {!session.value?.readonly && (
        <span class="actions">
          <button class="secondary" onClick={() => run("preview")}>
            Preview
          </button>
          {row.gains && <button onClick={() => run("apply")}>Apply</button>}
          <button class="secondary" onClick={() => run("dismiss")}>
            Dismiss
          </button>
        </span>
      )}
    </div>
  );
}
