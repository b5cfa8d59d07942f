import { commands } from "vscode";

/** Opens the editor's settings at Throughline's. */
export async function settings(): Promise<void> {
  await commands.executeCommand("workbench.action.openSettings", "@ext:throughline.throughline");
}
