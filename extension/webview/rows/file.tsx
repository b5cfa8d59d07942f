import { count, plural } from "../../src/numbers";
import type { FileRow } from "../../src/protocol";
import { post } from "../bridge";
import { Icon } from "../icons";

export function File({ row }: { row: FileRow }) {
  const size =
    row.form === "skeleton"
      ? `skeleton: ${count(row.original)} → ${plural(row.tokens, "token")}`
      : `whole file: ${plural(row.tokens, "token")}`;
  return (
    <div class="line">
      <Icon name="file" />
      <button class="link" aria-label={`Open ${row.path}`} onClick={() => post({ kind: "open", path: row.path })}>
        {row.path}
      </button>
      <span class="muted number">{size}</span>
    </div>
  );
}
