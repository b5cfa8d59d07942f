import { ProgressLocation, window, workspace } from "vscode";
import type { App } from "../app";
import type { FileForm } from "../protocol";
import { start } from "./start";
import { targets } from "./target";

/** Puts the chosen files, and those below chosen folders, into the view; says which were refused, and why. */
export async function inject(app: App, form: FileForm, given: unknown[]): Promise<void> {
  const uris = targets(given).map((uri) => uri.toString());
  if (uris.length === 0) throw new Error("Choose one or more files or folders.");
  await app.sidecar.start();
  if (!app.mirror.state.session && !(await begun(app))) return;
  const title = form === "skeleton" ? "Throughline reads skeletons" : "Throughline reads files";
  const asking = app.sidecar.ask("throughline/inject", { uris, form });
  const { refused } = await window.withProgress({ location: ProgressLocation.Window, title }, () => asking);
  if (refused.length === 0) return;
  refused.forEach(({ reason }) => app.log.warn(`Not injected: ${reason}`));
  const [first] = refused;
  const said = refused.length === 1 ? `Not injected: ${first?.reason}` : `${refused.length} were not injected, ${name(first?.uri)} among them: ${first?.reason}`;
  if ((await window.showWarningMessage(said, ...(refused.length > 1 ? ["Show Log"] : []))) === "Show Log") app.log.show();
}

function name(uri = ""): string {
  return workspace.asRelativePath(uri);
}

async function begun(app: App): Promise<boolean> {
  const choice = await window.showInformationMessage("Files are injected into a session, and none is open.", "Start Session");
  if (choice === "Start Session") await start(app);
  return app.mirror.state.session !== null;
}
