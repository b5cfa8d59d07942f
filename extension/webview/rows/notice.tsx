import type { NoticeRow } from "../../src/protocol";
import { Icon } from "../icons";

export function Notice({ row }: { row: NoticeRow }) {
  return (
    <div class={`line notice ${row.level}`}>
      <Icon name={row.level === "error" ? "warning" : "info"} />
      <span>{row.text}</span>
    </div>
  );
}
