import type { ArchiveRow } from "../../src/protocol";
import { run } from "../bridge";
import { Icon } from "../icons";

const SAID: Record<ArchiveRow["status"], string> = { waiting: "waits for you", accepted: "accepted", rejected: "rejected" };

/** A change of the project archive: how large it is, and what may become of it. */
export function Archive({ row }: { row: ArchiveRow }) {
  return (
    <div class="compaction" role="group" aria-label={`Project archive change, ${SAID[row.status]}`}>
      <Icon name="file" />
      <span class="text">
        Project archive · {row.added} {row.added === 1 ? "line" : "lines"} added, {row.removed} taken out
        {row.by === "model" ? " · by the model" : ""}
      </span>
      {row.status === "waiting" ? (
        <span class="actions">
          <button class="secondary" onClick={() => run("reviewArchive")}>
            Review
          </button>
          <button onClick={() => run("acceptArchive")}>Accept</button>
          <button class="secondary" onClick={() => run("editArchive")}>
            Edit
          </button>
          <button class="secondary" onClick={() => run("rejectArchive")}>
            Reject
          </button>
        </span>
      ) : (
        <span class="muted">{SAID[row.status]}</span>
      )}
    </div>
  );
}
