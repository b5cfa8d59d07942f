import { window } from "vscode";
import type { App } from "../app";

/** Opens the rolling summary as a document: saving it changes what is remembered. */
export async function summary(app: App): Promise<void> {
  await window.showTextDocument(app.documents.put("summary", app.mirror.state.memory.summary), { preview: false });
}
