import { window } from "vscode";
import type { App } from "../app";
import { read } from "../reading";

/** Says what changed since the last commit, or over the given revisions, file by file. */
export async function changes(app: App, revisions = ""): Promise<void> {
  const { markdown } = await app.sidecar.ask("throughline/search/changes", { revisions });
  if (!markdown.trim()) return void window.showInformationMessage("Nothing has changed.");
  await read(app.texts, "Changes.md", markdown);
}
