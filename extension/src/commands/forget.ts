import { window } from "vscode";
import type { App } from "../app";
import type { SessionItem } from "../protocol";

/** Deletes a session of the list, once the user is sure. */
export async function forget(app: App, session?: SessionItem): Promise<void> {
  if (!session) return;
  const question = `Delete the session “${session.objective}” and all that was said in it?`;
  const detail = "What it left in the project archive stays.";
  if ((await window.showWarningMessage(question, { modal: true, detail }, "Delete Session")) !== "Delete Session") return;
  await app.sidecar.ask("throughline/session/forget", { session: session.id });
  app.sessions.refresh();
}
