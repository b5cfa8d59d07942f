import type { BillRow } from "../../src/protocol";
import { Icon } from "../icons";

/** What a turn cost; where it paid again for what the provider had cached, how much and why. */
export function Bill({ row }: { row: BillRow }) {
  return (
    <div class="bill" role="group" aria-label={row.turn ? `Cost of turn ${row.turn}` : "Cost of warming the cache"}>
      <p class="muted number">{row.text}</p>
      {row.again.map((line) => (
        <p class="again">
          <Icon name="warning" />
          <span>Paid again: {line}</span>
        </p>
      ))}
    </div>
  );
}
