import type { UserRow } from "../../src/protocol";

export function User({ row }: { row: UserRow }) {
  return (
    <div class={row.waiting ? "user waiting" : "user"}>
      <div class="said">{row.text}</div>
      {row.waiting && <span class="muted">waits its turn</span>}
      <span class="turn" title={`Turn ${row.turn}`}>
        {row.turn}
      </span>
    </div>
  );
}
