import { window } from "vscode";
import type { App } from "../app";

/** Compacts now; says why where there is nothing to gain. */
export async function compact(app: App): Promise<void> {
  const { made, reason } = await app.sidecar.ask("throughline/compact", {});
  if (!made) void window.showInformationMessage(reason || "There is nothing to compact.");
}
