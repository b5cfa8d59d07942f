import type { EntryRow } from "../../src/protocol";
import { inline } from "../markdown";

const LABELS: Record<EntryRow["label"], string> = {
  decision: "Decision",
  milestone: "Milestone",
  rejected: "Do not revisit",
};

export function Entry({ row }: { row: EntryRow }) {
  return (
    <div class={`entry ${row.label}`}>
      <span class="label">{LABELS[row.label]}</span>
      <span dangerouslySetInnerHTML={{ __html: inline(row.text) }} />
    </div>
  );
}
