import type { Row } from "../../src/protocol";
import { rowOf } from "../store";
import { Agent } from "./agent";
import { Archive } from "./archive";
import { Ask } from "./ask";
import { Bill } from "./bill";
import { Compaction } from "./compaction";
import { Entry } from "./entry";
import { File } from "./file";
import { Notice } from "./notice";
import { PendingCompaction } from "./pendingCompaction";
import { Thought } from "./thought";
import { Tool } from "./tool";
import { User } from "./user";

/** One row of the chat. It reads its own signal, so that it renders when it changes and at no other time. */
export function RowView({ id }: { id: string }) {
  const row = rowOf(id)?.value;
  if (!row) return null;
  return (
    <div class={`row ${row.kind}-row`} id={elementId(id)} tabIndex={-1}>
      {content(row)}
    </div>
  );
}

/** The element of a row. */
export function elementId(row: string): string {
  return `row-${row}`;
}

function content(row: Row) {
  switch (row.kind) {
    case "user":
      return <User row={row} />;
    case "agent":
      return <Agent row={row} />;
    case "tool":
      return <Tool row={row} />;
    case "ask":
      return <Ask row={row} />;
    case "entry":
      return <Entry row={row} />;
    case "file":
      return <File row={row} />;
    case "compaction":
      return <Compaction row={row} />;
    case "held":
      return <PendingCompaction row={row} />;
    case "archive":
      return <Archive row={row} />;
    case "thought":
      return <Thought row={row} />;
    case "bill":
      return <Bill row={row} />;
    case "notice":
      return <Notice row={row} />;
    default:
      return row satisfies never;
  }
}
