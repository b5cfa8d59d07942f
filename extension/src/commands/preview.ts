import { window } from "vscode";
import type { App } from "../app";
import { read } from "../reading";

/** Shows what a compaction would do, as a document; the chat's row applies or dismisses it. */
export async function preview(app: App): Promise<void> {
  const { markdown } = await app.sidecar.ask("throughline/preview/show", {});
  await read(app.texts, "Compaction Preview.md", markdown);
}

/** Does the compaction that was shown; says why where that cannot be done any more. */
export async function apply(app: App): Promise<void> {
  const { made, reason } = await app.sidecar.ask("throughline/preview/apply", {});
  if (!made) void window.showInformationMessage(reason);
}

/** Lets go of the compaction that waits. */
export async function dismiss(app: App): Promise<void> {
  await app.sidecar.ask("throughline/preview/dismiss", {});
}
