import { window } from "vscode";
import type { App } from "../app";
import { describe } from "../views/sessions";
import { idOf } from "./sessions";

/** Opens a session of this workspace again, the given one or one that is picked. */
export async function resume(app: App, given?: unknown): Promise<void> {
  const session = given ? idOf(app, given) : await pick(app);
  if (!session) return;
  if (session !== app.mirror.state.session?.id) {
    await app.mirror.load(app.sidecar.ask("throughline/resume", { session }));
  }
  app.pages.show();
}

async function pick(app: App): Promise<string | undefined> {
  const sessions = await app.sessions.list();
  if (sessions.length === 0) {
    void window.showInformationMessage("This workspace has no sessions yet.");
    return undefined;
  }
  const items = sessions.map((session) => ({
    label: session.objective,
    description: describe(session, Date.now() / 1000),
    id: session.id,
  }));
  return (await window.showQuickPick(items, { title: "Resume a session", placeHolder: "Session", matchOnDescription: true }))?.id;
}
