import path from "node:path";
import { commands } from "vscode";
import type { App } from "../app";
import { targets } from "./target";

/** Shows a file as the model saw it beside what it would see now. */
export async function difference(app: App, given: unknown[]): Promise<void> {
  const [uri] = targets(given);
  if (!uri) throw new Error("Open the file whose difference is wanted.");
  const { seen, now } = await app.sidecar.ask("throughline/difference", { uri: uri.toString() });
  const title = `${path.posix.basename(uri.path)}: seen by the model ↔ now`;
  await commands.executeCommand("vscode.diff", app.texts.put(`seen${uri.path}`, seen), app.texts.put(`now${uri.path}`, now), title);
}
