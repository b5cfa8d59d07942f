import type { App } from "../app";
import { targets } from "./target";

/** Shows the model the present state of files. */
export async function refresh(app: App, given: unknown[]): Promise<void> {
  for (const uri of targets(given)) {
    const { refused } = await app.sidecar.ask("throughline/refresh", { uri: uri.toString() });
    for (const { reason } of refused) throw new Error(reason);
  }
}
