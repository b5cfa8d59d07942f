import { useState } from "preact/hooks";
import type { ThoughtRow } from "../../src/protocol";
import { Icon } from "../icons";
import { output } from "../visible";

/** What the model thought: its first line, and on request all of it. */
export function Thought({ row }: { row: ThoughtRow }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="tool thought" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="tool-name muted">Thought</span>
        <span class="title">{output(row.text.trim().split("\n", 1)[0] ?? "")}</span>
        <Icon name="chevron" />
      </summary>
      {open && (
        <pre class="result" tabIndex={0} aria-label="What the model thought">
          {output(row.text)}
        </pre>
      )}
    </details>
  );
}
