import { window } from "vscode";
import type { App } from "../app";
import { transcript } from "../transcript";

/** Opens the conversation as a Markdown document. */
export async function openTranscript(app: App): Promise<void> {
  if (!app.mirror.state.session) throw new Error("There is no session: start one, or play the recorded demo.");
  await window.showTextDocument(app.texts.put("Transcript.md", transcript(app.mirror.state)), { preview: false });
}
