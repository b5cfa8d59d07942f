import { window } from "vscode";
import type { App } from "../app";
import type { Role } from "../protocol";
import { ROLES } from "./start";

/** Goes on in another role: the given one, or one that is picked. */
export async function role(app: App, given?: string): Promise<void> {
  const now = app.mirror.state.session?.role;
  const known = ROLES.find((one) => one.role === given?.trim().toLowerCase())?.role;
  if (given && !known) throw new Error(`There is no role ${given}: there are ${ROLES.map((one) => one.role).join(", ")}.`);
  const items = ROLES.map((one) => ({ ...one, description: one.role === now ? `${one.description} (now)` : one.description }));
  const to = known ?? (await window.showQuickPick(items, { title: "Go on in another role", placeHolder: "Role" }))?.role;
  if (to) await change(app, to, null);
}

/** Goes on with another model: the given one, or one that is picked. */
export async function model(app: App, given?: string): Promise<void> {
  const { session } = app.mirror.state;
  if (session?.recorded) throw new Error("A recording plays in this session: start one of your own to choose its model.");
  const to = given?.trim() || (await pickModel(app, session?.model ?? ""));
  if (to) await change(app, null, to.trim());
}

async function change(app: App, to: Role | null, name: string | null): Promise<void> {
  await app.mirror.load(app.sidecar.ask("throughline/crew/change", { role: to, model: name }));
}

/** A model of those that the provider lists, or one that is named by its id: a provider need not list any. */
async function pickModel(app: App, now: string): Promise<string | undefined> {
  const title = "Go on with another model";
  const listed = await app.sidecar.ask("throughline/session/models", {}).catch((error: unknown) => {
    app.log.info(`The models cannot be listed: ${error instanceof Error ? error.message : String(error)}`);
    return { models: [], remarks: [] };
  });
  const other = { label: "$(edit) Another…", id: "", description: "by its id" };
  const items = listed.models.map(({ id, name, detail }) => ({ label: name || id, id, description: id === now ? `${id} (now)` : id, detail }));
  const picked = items.length > 0 ? await window.showQuickPick([...items, other], { title, placeHolder: listed.remarks[0] ?? "From the next message on it answers", matchOnDescription: true }) : other;
  if (!picked || picked.id) return picked?.id;
  return window.showInputBox({
    title,
    prompt: "The model's id. From the next message on it answers.",
    value: now,
    validateInput: (text) => (/^\S+$/.test(text.trim()) ? undefined : "Name one model by its id."),
  });
}
