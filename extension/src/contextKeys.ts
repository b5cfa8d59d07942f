import { commands, Uri, type Disposable } from "vscode";
import { pendingApproval } from "./approval";
import type { ContextFile, State } from "./protocol";
import type { StateStore } from "./stateStore";

/** The yes-or-no keys that `when` clauses in package.json read, and users in their key bindings: their names stay. */
const FLAGS: Record<string, (state: State) => boolean> = {
  "throughline.session": (state) => state.session !== null,
  "throughline.readonly": (state) => state.session?.readonly ?? false,
  "throughline.compacted": (state) => state.rows.some((row) => row.kind === "compaction" && !row.undone),
  "throughline.held": (state) => state.rows.some((row) => row.kind === "held"),
  "throughline.asking": (state) => pendingApproval(state) !== undefined,
  "throughline.proposed": (state) => state.archive.pending !== null && !state.archive.pending.problem,
  "throughline.files": (state) => state.files.length > 0,
};

/** The key with the files that are in the context, and the folders above them: menus ask whether it holds one. */
const PRESENT = "throughline.present";

/** Every context key that is set. */
export const CONTEXT_KEYS = [...Object.keys(FLAGS), PRESENT];

/** Keeps the context keys in step with the state; only what changed is set. */
export function followContextKeys(store: StateStore): Disposable {
  const flags = new Map<string, boolean>();
  let files: ContextFile[] | undefined;
  const follow = () => {
    for (const [key, value] of Object.entries(FLAGS)) {
      const now = value(store.state);
      if (flags.get(key) === now) continue;
      flags.set(key, now);
      void commands.executeCommand("setContext", key, now);
    }
    if (store.state.files === files) return;
    files = store.state.files;
    void commands.executeCommand("setContext", PRESENT, [...new Set(files.flatMap(paths))]);
  };
  follow();
  return store.onDidChange(follow);
}

/** A file's path as the editor writes it in `resourcePath`, and those of the workspace's folders above it. */
function paths({ uri, path }: ContextFile): string[] {
  const whole = Uri.parse(uri);
  return path.split("/").map((_, up) => Uri.joinPath(whole, "../".repeat(up)).fsPath.replace(/(.)[\\/]$/, "$1"));
}
