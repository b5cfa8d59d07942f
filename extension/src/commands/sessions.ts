import { Uri, window, workspace } from "vscode";
import type { App } from "../app";
import { plural } from "../numbers";
import type { SessionTranscript, SessionItem } from "../protocol";
import { fileName, transcript } from "../transcript";

/** How a session can be written to a file, by the ending of its name. */
const FORMS = { "Transcript of JSON lines": ["jsonl"], Markdown: ["md"] };

/** The session that a tree's item or a page's button stands for; the open one where none is given. */
export function idOf(app: App, given: unknown): string {
  if (typeof given === "string" && given) return given;
  if (typeof given === "object" && given !== null && "id" in given) return String(given.id);
  const open = app.mirror.state.session?.id;
  if (!open) throw new Error("There is no session: start one, or play the recorded demo.");
  return open;
}

/** The conversation of a session, be it open or not. */
export async function reading(app: App, given: unknown): Promise<SessionTranscript> {
  const id = idOf(app, given);
  const { session, rows } = app.mirror.state;
  if (session?.id === id) return { ...session, rows };
  return app.sidecar.ask("throughline/session/read", { session: id });
}

/** Opens the conversation of a session as a Markdown document. */
export async function openTranscript(app: App, given?: unknown): Promise<void> {
  const read = await reading(app, given);
  await window.showTextDocument(app.texts.put(`${fileName(read.objective)}.md`, transcript(read)), { preview: false });
}

/** Writes a session to a file of the user's choice: whole, for other tools, or as Markdown, to be read. */
export async function exportSession(app: App, given?: unknown): Promise<void> {
  const session = idOf(app, given);
  const read = await reading(app, session);
  const folder = workspace.workspaceFolders?.[0]?.uri;
  const proposed = `${fileName(read.objective)}.jsonl`;
  const file = await window.showSaveDialog({
    title: "Export a session",
    saveLabel: "Export",
    filters: FORMS,
    ...(folder && { defaultUri: Uri.joinPath(folder, proposed) }),
  });
  if (!file) return;
  const text = file.path.endsWith(".md") ? transcript(read) : (await app.sidecar.ask("throughline/session/export", { session })).text;
  await workspace.fs.writeFile(file, Buffer.from(text));
  if ((await window.showInformationMessage(`The session is exported to ${workspace.asRelativePath(file)}.`, "Open")) === "Open") {
    await window.showTextDocument(file);
  }
}

/** Gives a session another name in the lists; its objective stays what the model is told. */
export async function renameSession(app: App, given?: unknown): Promise<void> {
  const session = idOf(app, given);
  const known = (await app.sessions.list()).find(({ id }) => id === session);
  const name = await window.showInputBox({
    title: "Rename a session",
    prompt: "What it is called here; the model is told its objective as before.",
    value: known?.objective ?? "",
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() ? undefined : "A session needs a name."),
  });
  if (!name) return;
  await app.sidecar.ask("throughline/session/rename", { session, name });
  app.sessions.refresh();
}

/** Deletes a session for good, once the user is sure. */
export async function forgetSession(app: App, given?: SessionItem): Promise<void> {
  const session = given && (await app.sessions.list()).find(({ id }) => id === idOf(app, given));
  if (!session) throw new Error("Choose the session in the Sessions view.");
  const sure = await window.showWarningMessage(
    `Delete “${session.objective}”?`,
    { modal: true, detail: `All that was said in it, ${plural(session.turns, "turn")}, is deleted for good. The project archive stays as it is.` },
    "Delete",
  );
  if (sure !== "Delete") return;
  await app.mirror.load(app.sidecar.ask("throughline/session/forget", { session: session.id }));
  app.sessions.refresh();
}
