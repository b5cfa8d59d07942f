import { commands } from "vscode";
import type { App } from "../app";

/** Shows what the session came to so far: turns, tokens, what each purpose cost. */
export async function report(app: App): Promise<void> {
  const { markdown } = await app.sidecar.ask("throughline/session/report", {});
  await commands.executeCommand("markdown.showPreview", app.texts.put("Session Report.md", markdown));
}
