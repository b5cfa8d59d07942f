import type { NoticeRow } from "../../src/protocol";
import { post, run } from "../bridge";
import { Icon } from "../icons";
import { busy, following, session } from "../store";

/** A command that a line may name: it is a link there. */
const SET_KEY = "“Throughline: Set API Key”";

/** One line; where it says why a turn broke off, that turn can go on. */
export function Notice({ row }: { row: NoticeRow }) {
  const [before = "", ...more] = row.text.split(SET_KEY);
  const [key, after] = [more.length > 0, more.join(SET_KEY)];
  const offered = row.retryable && !session.value?.readonly;
  return (
    <div class={`line notice ${row.level}`}>
      <Icon name={row.level === "error" ? "warning" : "info"} />
      <span>
        {before}
        {key && (
          <button class="link" onClick={() => run("setKey")}>
            {SET_KEY}
          </button>
        )}
        {after}
      </span>
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
