import { FileType, window, workspace, type Uri } from "vscode";
import type { App } from "../app";
import type { FileForm } from "../protocol";
import { start } from "./start";
import { targets } from "./target";

/** Puts the chosen files into the view; says which were refused, and why. */
export async function inject(app: App, form: FileForm, given: unknown[]): Promise<void> {
  const files = await only(targets(given));
  if (files.length === 0) throw new Error("Choose one or more files: folders cannot be injected.");
  await app.sidecar.start();
  if (!app.mirror.state.session && !(await begun(app))) return;
  const uris = files.map((uri) => uri.toString());
  const { refused } = await app.sidecar.ask("throughline/inject", { uris, form });
  if (refused.length === 0) return;
  const reasons = refused.map(({ uri, reason }) => `${workspace.asRelativePath(uri)}: ${reason}`);
  reasons.forEach((reason) => app.log.warn(`Not injected: ${reason}`));
  void window.showWarningMessage(`Not injected: ${reasons.slice(0, 3).join("; ")}${reasons.length > 3 ? " …" : ""}`);
}

/** A selection may hold folders beside files. */
async function only(uris: Uri[]): Promise<Uri[]> {
  const types = await Promise.all(uris.map(async (uri) => (await workspace.fs.stat(uri)).type));
  return uris.filter((_, at) => ((types[at] ?? 0) & FileType.Directory) === 0);
}

async function begun(app: App): Promise<boolean> {
  const choice = await window.showInformationMessage("Files are injected into a session, and none is open.", "Start Session");
  if (choice === "Start Session") await start(app);
  return app.mirror.state.session !== null;
}
