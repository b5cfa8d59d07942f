import type { AgentRow } from "../../src/protocol";
import { MarkdownText } from "../markdownText";

export function Agent({ row }: { row: AgentRow }) {
  // A block that was nothing but tagged lines is shown as their chips alone.
  if (!row.text && !row.partial) return null;
  return (
    <div class={row.streaming ? "agent streaming" : "agent"} aria-busy={row.streaming}>
      <MarkdownText text={row.text} />
      {row.partial && <p class="mark">This answer was cut short.</p>}
    </div>
  );
}
