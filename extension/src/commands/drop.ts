import { window } from "vscode";
import type { App } from "../app";
import { inside } from "../presence";
import { targets } from "./target";

/** Takes files, and those below folders, out of the view. */
export async function drop(app: App, given: unknown[]): Promise<void> {
  const chosen = targets(given).map((uri) => uri.toString());
  const shown = app.mirror.state.files.filter((file) => chosen.some((uri) => inside(file.uri, uri)));
  if (shown.length === 0) return void window.showInformationMessage("None of these is in the context.");
  for (const { uri } of shown) await app.sidecar.ask("throughline/drop", { uri });
}
