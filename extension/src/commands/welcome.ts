import { commands } from "vscode";
import type { App } from "../app";

/** Opens the walkthrough. */
export async function welcome({ context }: App): Promise<void> {
  await commands.executeCommand("workbench.action.openWalkthrough", `${context.extension.id}#start`, false);
}
