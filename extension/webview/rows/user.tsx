import type { UserRow } from "../../src/protocol";
import { post } from "../bridge";
import { spans } from "../mentions";

/** What the user said; a file that it mentions opens. */
export function User({ row }: { row: UserRow }) {
  return (
    <div class={row.waiting ? "user waiting" : "user"}>
      <div class="said">
        {spans(row.text).map(({ text, path }) =>
          path === undefined ? text : (
            <button class="link" title={`Open ${path}`} onClick={() => post({ kind: "open", path })}>
              {text}
            </button>
          ),
        )}
      </div>
      {row.waiting && <span class="muted">queued</span>}
      <span class="turn" title={`Turn ${row.turn}`}>
        {row.turn}
      </span>
    </div>
  );
}
