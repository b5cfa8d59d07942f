import { commands, type Disposable } from "vscode";
import { question } from "./leave";
import type { Mirror } from "./mirror";
import type { State } from "./protocol";

/** The context keys that `when` clauses in package.json read. */
const FLAGS: Record<string, (state: State) => boolean> = {
  "throughline.session": (state) => state.session !== null,
  "throughline.readonly": (state) => state.session?.readonly ?? false,
  "throughline.compacted": (state) => state.rows.some((row) => row.kind === "compaction" && !row.undone),
  "throughline.held": (state) => state.rows.some((row) => row.kind === "held"),
  "throughline.asking": (state) => question(state) !== undefined,
  "throughline.proposed": (state) => state.archive.pending !== null && !state.archive.pending.problem,
  "throughline.files": (state) => state.files.length > 0,
};

/** Keeps the context keys in step with the mirror; only what changed is set. */
export function showFlags(mirror: Mirror): Disposable {
  const shown = new Map<string, boolean>();
  const show = () => {
    for (const [key, value] of Object.entries(FLAGS)) {
      const now = value(mirror.state);
      if (shown.get(key) === now) continue;
      shown.set(key, now);
      void commands.executeCommand("setContext", key, now);
    }
  };
  show();
  return mirror.onDidMove(show);
}
