import { window } from "vscode";
import type { App } from "../app";
import type { Role } from "../protocol";

/** What a session begins with. */
export interface Beginning {
  objective: string;
  role: Role;
}

/** What an agent can be in a session. */
export const ROLES: { label: string; role: Role; description: string }[] = [
  { label: "Engineer", role: "engineer", description: "builds and changes the code" },
  { label: "QA", role: "qa", description: "tests, and looks for what is wrong" },
  { label: "Product", role: "product", description: "shapes what is to be built" },
];

/** Begins a session, asking for its objective and role where they are not given, and shows the chat. */
export async function start(app: App, given?: Beginning): Promise<void> {
  const beginning = given ?? (await ask());
  if (!beginning) return;
  const { objective, role } = beginning;
  await app.mirror.load(app.sidecar.ask("throughline/start", { objective, role }));
  if (!given) app.pages.show();
}

async function ask(): Promise<Beginning | undefined> {
  const objective = await window.showInputBox({
    title: "Start a session",
    prompt: "What is this session for? Every call of the model is told.",
    placeHolder: "Add overdue reminders to the lending API",
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() ? undefined : "A session needs an objective."),
  });
  if (!objective) return undefined;
  const picked = await window.showQuickPick(ROLES, { title: "The agent's role", placeHolder: "Role" });
  return picked && { objective: objective.trim(), role: picked.role };
}
