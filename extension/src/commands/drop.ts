import type { App } from "../app";
import { targets } from "./target";

/** Takes files out of the view. */
export async function drop(app: App, given: unknown[]): Promise<void> {
  for (const uri of targets(given)) await app.sidecar.ask("throughline/drop", { uri: uri.toString() });
}
