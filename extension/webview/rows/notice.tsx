import type { NoticeRow } from "../../src/protocol";
import { post } from "../bridge";
import { Icon } from "../icons";
import { busy, following, session } from "../store";

/** One line; where it says why a turn broke off, that turn can go on. */
export function Notice({ row }: { row: NoticeRow }) {
  const offered = row.retryable && !session.value?.readonly;
  return (
    <div class={`line notice ${row.level}`}>
      <Icon name={row.level === "error" ? "warning" : "info"} />
      <span>{row.text}</span>
      {offered && (
        <button class="secondary" title="Send the same message again, once" disabled={busy.value} onClick={retry}>
          Retry
        </button>
      )}
    </div>
  );
}

function retry(): void {
  following.value = true;
  post({ kind: "retry" });
}
