import { Uri, window, workspace } from "vscode";
import { running, type App, type RunningApp } from "../app";
import { describeRequest, pendingApproval, toAnswer, type ApprovalDecision } from "../approval";
import { openPreview } from "../markdownPreview";
import { plural } from "../numbers";
import type { Role, SessionTranscript } from "../protocol";
import { ROLES } from "../roles";
import { fileName, transcript } from "../transcript";
import { describe } from "../views/sessions";
import { openArchive, reviewArchive } from "./archive";
import { command, nothing, runningCommand, sessionId, words } from "./command";

/** Commands of sessions: their beginning and end, who works in one, what the agent asks, and what is left to read. */
export const sessionCommands = {
  chat: command(nothing, ({ pages }) => pages.show()),
  reveal: command(words, reveal),
  start: command(nothing, startSession),
  demo: runningCommand(nothing, playDemo),
  recording: command(nothing, openRecording),
  resume: runningCommand(sessionId, resumeChosen),
  end: runningCommand(nothing, end),
  role: runningCommand(words, changeRole),
  model: runningCommand(words, changeModel),
  allowOnce: runningCommand(nothing, (app) => answerApproval(app, "once")),
  allowSession: runningCommand(nothing, (app) => answerApproval(app, "session")),
  deny: runningCommand(words, (app, reason) => answerApproval(app, "deny", reason)),
  report: runningCommand(nothing, showReport),
  transcript: command(sessionId, openTranscript),
  exportSession: runningCommand(sessionId, exportSession),
  renameSession: runningCommand(sessionId, rename),
  forget: runningCommand(sessionId, forget),
};

/** What a session begins with. */
export interface SessionStart {
  objective: string;
  role: Role;
}

/** How the names end of what other tools record: lines of JSON or one value, Markdown, a trajectory, a copied screen. */
const RECORDINGS = ["jsonl", "json", "md", "traj", "txt"];

/** How a session can be written to a file, by the ending of its name. */
const EXPORT_FORMATS = { "Transcript of JSON lines": ["jsonl"], Markdown: ["md"] };

/** Shows a row of the chat. */
function reveal({ pages }: App, row?: string): void {
  if (row) pages.reveal(row);
}

/** Starts a session, asking for its objective and role where they are not given, and shows the chat. */
export async function startSession(app: App, given?: SessionStart): Promise<void> {
  const start = given ?? (await askStart());
  if (!start) return;
  const { objective, role } = start;
  const { request } = await running(app);
  await app.store.load(request("throughline/start", { objective, role }));
  if (!given) app.pages.show();
}

async function askStart(): Promise<SessionStart | undefined> {
  const objective = await window.showInputBox({
    title: "Start a session",
    prompt: "What is this session for? The model reads it with every call.",
    placeHolder: "Add overdue reminders to the lending API",
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() ? undefined : "A session needs an objective."),
  });
  if (!objective) return undefined;
  const choice = await window.showQuickPick(ROLES, { title: "The agent's role", placeHolder: "Role" });
  return choice && { objective: objective.trim(), role: choice.role };
}

/** Starts a session that the recorded model plays; it needs no key and no network. */
async function playDemo({ request, store, pages }: RunningApp): Promise<void> {
  await store.load(request("throughline/demo", {}));
  pages.show();
}

/** Opens a session that another tool recorded, to be read with its summary. */
async function openRecording(app: App): Promise<void> {
  const [file] =
    (await window.showOpenDialog({
      title: "Open a recorded session",
      openLabel: "Open",
      filters: { "Recorded sessions": RECORDINGS, "All files": ["*"] },
    })) ?? [];
  if (!file) return;
  const { request } = await running(app);
  await app.store.load(request("throughline/recording", { path: file.fsPath }));
  app.pages.show();
}

/** Opens a session of this workspace again. */
export async function resume({ request, store, pages }: RunningApp, session: string): Promise<void> {
  if (session !== store.state.session?.id) await store.load(request("throughline/resume", { session }));
  pages.show();
}

/** Opens the given session again, or one that is chosen from a list. */
async function resumeChosen(app: RunningApp, given?: string): Promise<void> {
  const session = given ?? (await chooseSession(app));
  if (session) await resume(app, session);
}

async function chooseSession(app: RunningApp): Promise<string | undefined> {
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

/** Ends the session and writes what lasts of it into the project archive. */
async function end(app: RunningApp): Promise<void> {
  const sure = await window.showInformationMessage(
    "End this session?",
    { modal: true, detail: "What lasts of it goes into the project archive. The session can still be read, and takes no more messages." },
    "End Session",
  );
  if (sure !== "End Session") return;
  const { tokens, proposed, report } = await app.request("throughline/end", {});
  app.sessions.refresh();
  const message = proposed
    ? "The session has ended. What lasts of it waits as a change of the project archive."
    : `The session has ended. The project archive holds ${plural(tokens, "token")}.`;
  const next = await window.showInformationMessage(message, proposed ? "Review Change" : "Open Archive", "Show Report");
  if (next === "Review Change") await reviewArchive(app);
  if (next === "Open Archive") await openArchive(app);
  if (next === "Show Report") await openPreview(app.readonlyTexts, "Session Report.md", report);
}

/** Goes on in another role: the given one, or one that is chosen from a list. */
async function changeRole(app: RunningApp, given?: string): Promise<void> {
  const now = app.store.state.session?.role;
  const known = ROLES.find(({ role }) => role === given?.trim().toLowerCase())?.role;
  if (given && !known) throw new Error(`There is no role ${given}: there are ${ROLES.map(({ role }) => role).join(", ")}.`);
  const items = ROLES.map((one) => ({ ...one, description: one.role === now ? `${one.description} (now)` : one.description }));
  const role = known ?? (await window.showQuickPick(items, { title: "Go on in another role", placeHolder: "Role" }))?.role;
  if (role) await setRoleAndModel(app, role, null);
}

/** Goes on with another model: the given one, or one that is chosen from a list. */
async function changeModel(app: RunningApp, given?: string): Promise<void> {
  const { session } = app.store.state;
  if (session?.recorded) throw new Error("A recording plays in this session: start one of your own to choose its model.");
  const model = given?.trim() || (await chooseModel(app, session?.model ?? ""));
  if (model) await setRoleAndModel(app, null, model.trim());
}

async function setRoleAndModel({ request, store }: RunningApp, role: Role | null, model: string | null): Promise<void> {
  await store.load(request("throughline/crew/change", { role, model }));
}

/** A model of those that the provider lists, or one that is named by its id: a provider need not list any. */
async function chooseModel({ request, log }: RunningApp, now: string): Promise<string | undefined> {
  const title = "Go on with another model";
  const listed = await request("throughline/session/models", {}).catch((error: unknown) => {
    log.info(`The models cannot be listed: ${error instanceof Error ? error.message : String(error)}`);
    return { models: [], remarks: [] };
  });
  const other = { label: "$(edit) Another…", id: "", description: "by its id" };
  const items = listed.models.map(({ id, name, detail }) => ({ label: name || id, id, description: id === now ? `${id} (now)` : id, detail }));
  const options = { title, placeHolder: listed.remarks[0] ?? "From the next message on it answers", matchOnDescription: true };
  const choice = items.length > 0 ? await window.showQuickPick([...items, other], options) : other;
  if (!choice || choice.id) return choice?.id;
  return window.showInputBox({
    title,
    prompt: "The model's id. From the next message on it answers.",
    value: now,
    validateInput: (text) => (/^\S+$/.test(text.trim()) ? undefined : "Name one model by its id."),
  });
}

/** Answers the approval request that the agent waits on. */
async function answerApproval({ request, store }: RunningApp, decision: ApprovalDecision, given?: string): Promise<void> {
  const row = pendingApproval(store.state);
  if (!row) throw new Error("The agent waits for no answer.");
  const reason = decision === "deny" ? (given ?? (await askReason(describeRequest(row)))) : "";
  if (reason === undefined) return;
  await request("throughline/approval/answer", toAnswer(row, decision, reason));
}

async function askReason(what: string): Promise<string | undefined> {
  return window.showInputBox({ title: `Do not ${what}`, prompt: "Say why, or what to do instead; the agent reads it. Enter alone just says no." });
}

/** Shows what the session came to so far: turns, tokens, what each purpose cost. */
async function showReport({ request, readonlyTexts }: RunningApp): Promise<void> {
  const { markdown } = await request("throughline/session/report", {});
  await openPreview(readonlyTexts, "Session Report.md", markdown);
}

/** The given session, or the open one. */
function givenOrOpen({ store }: App, given: string | undefined): string {
  const id = given ?? store.state.session?.id;
  if (!id) throw new Error("There is no session: start one, or play the recorded demo.");
  return id;
}

/** The conversation of a session, be it open or not. That of the open one can be read where no sidecar runs. */
async function readTranscript(app: App, id: string): Promise<SessionTranscript> {
  const { session, rows } = app.store.state;
  if (session?.id === id) return { ...session, rows };
  const { request } = await running(app);
  return request("throughline/session/read", { session: id });
}

/** Opens the conversation of a session as a Markdown document. */
async function openTranscript(app: App, given?: string): Promise<void> {
  const read = await readTranscript(app, givenOrOpen(app, given));
  await window.showTextDocument(app.readonlyTexts.put(`${fileName(read.objective)}.md`, transcript(read)), { preview: false });
}

/** Writes a session to a file of the user's choice: whole, for other tools, or as Markdown, to be read. */
async function exportSession(app: RunningApp, given?: string): Promise<void> {
  const session = givenOrOpen(app, given);
  const read = await readTranscript(app, session);
  const folder = workspace.workspaceFolders?.[0]?.uri;
  const proposed = `${fileName(read.objective)}.jsonl`;
  const file = await window.showSaveDialog({
    title: "Export a session",
    saveLabel: "Export",
    filters: EXPORT_FORMATS,
    ...(folder && { defaultUri: Uri.joinPath(folder, proposed) }),
  });
  if (!file) return;
  const text = file.path.endsWith(".md") ? transcript(read) : (await app.request("throughline/session/export", { session })).text;
  await workspace.fs.writeFile(file, Buffer.from(text));
  if ((await window.showInformationMessage(`The session is exported to ${workspace.asRelativePath(file)}.`, "Open")) === "Open") {
    await window.showTextDocument(file);
  }
}

/** Gives a session another name in the lists; the model still reads its objective. */
async function rename(app: RunningApp, given?: string): Promise<void> {
  const session = givenOrOpen(app, given);
  const known = (await app.sessions.list()).find(({ id }) => id === session);
  const name = await window.showInputBox({
    title: "Rename a session",
    prompt: "What it is called here; the model reads its objective as before.",
    value: known?.objective ?? "",
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() ? undefined : "A session needs a name."),
  });
  if (!name) return;
  await app.request("throughline/session/rename", { session, name });
  app.sessions.refresh();
}

/** Deletes a session for good, once the user is sure. */
async function forget(app: RunningApp, given?: string): Promise<void> {
  const session = given && (await app.sessions.list()).find(({ id }) => id === given);
  if (!session) throw new Error("Choose the session in the Sessions view.");
  const sure = await window.showWarningMessage(
    `Delete “${session.objective}”?`,
    { modal: true, detail: `All that was said in it, ${plural(session.turns, "turn")}, is deleted for good. The project archive stays as it is.` },
    "Delete",
  );
  if (sure !== "Delete") return;
  await app.store.load(app.request("throughline/session/forget", { session: session.id }));
  app.sessions.refresh();
}
