import type { UserRow } from "../../src/protocol";

export function User({ row }: { row: UserRow }) {
  return (
    <div class="user">
      <div class="said">{row.text}</div>
      <span class="turn" title={`Turn ${row.turn}`}>
        {row.turn}
      </span>
    </div>
  );
}
