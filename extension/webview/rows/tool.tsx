import { useState } from "preact/hooks";
import { plural } from "../../src/numbers";
import type { ToolRow } from "../../src/protocol";
import { Icon } from "../icons";
import { output, visible } from "../visible";

const SAID: Record<ToolRow["status"], string> = { running: "running", done: "done", failed: "failed" };

/** A tool call: one line, and on request the beginning of its result. */
export function Tool({ row }: { row: ToolRow }) {
  const [open, setOpen] = useState(false);
  return (
    <details class={`tool ${row.status}`} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="state" role="img" aria-label={SAID[row.status]}>
          {row.status === "running" ? <span class="spinner" /> : <Icon name={row.status === "done" ? "check" : "cross"} />}
        </span>
        <span class="tool-name">{row.tool}</span>
        <span class="title" title={visible(row.title)}>
          {visible(row.title)}
        </span>
        {row.masked && (
          <span class="badge" title="Its result has left the context; a stub says how to get it back.">
            masked
          </span>
        )}
        {row.tokens > 0 && <span class="muted number">{plural(row.tokens, "token")}</span>}
        <Icon name="chevron" />
      </summary>
      {open && (
        <pre class="result" tabIndex={0} aria-label={`Result of ${row.tool}`}>
          {output(row.result) || "No output."}
        </pre>
      )}
    </details>
  );
}
