import { window, type QuickPickItem } from "vscode";
import type { App, RunningApp } from "../app";
import type { EntryKind, MemoryEntry, RecallMatch } from "../protocol";
import { command, entryId, entryKind, foreignRule, memoryEntry, nothing, runningCommand, words } from "./command";
import { resume } from "./session";

/** Commands of what is remembered: the entries of the Memory view, the summary, and where something was said. */
export const memoryCommands = {
  pin: runningCommand(entryId, (app, entry) => pin(app, entry, true)),
  unpin: runningCommand(entryId, (app, entry) => pin(app, entry, false)),
  editEntry: runningCommand(memoryEntry, edit),
  resolveEntry: runningCommand(memoryEntry, resolve),
  reopenEntry: runningCommand(memoryEntry, reopen),
  recastEntry: runningCommand(memoryEntry, changeKind),
  deleteEntry: runningCommand(memoryEntry, remove),
  addEntry: runningCommand(entryKind, add),
  remember: runningCommand(words, remember),
  keepRuleMine: runningCommand(memoryEntry, (app, entry) => keepMine(app, entry, true)),
  shareRule: runningCommand(memoryEntry, (app, entry) => keepMine(app, entry, false)),
  acceptRule: runningCommand(foreignRule, remember),
  source: command(memoryEntry, showSource),
  summary: command(nothing, openSummary),
  recall: runningCommand(words, recall),
};

/** What an entry can be, as a person says it. */
const KINDS: { kind: EntryKind; label: string; description: string }[] = [
  { kind: "rule", label: "Rule", description: "what always holds, in this session and in those to come" },
  { kind: "decision", label: "Decision", description: "what was chosen, and why" },
  { kind: "constraint", label: "Constraint", description: "what must hold" },
  { kind: "pattern", label: "Pattern", description: "how things are done here" },
  { kind: "milestone", label: "Milestone", description: "what is complete" },
  { kind: "work", label: "Work", description: "what was done" },
  { kind: "fact", label: "Fact", description: "what is worth knowing" },
  { kind: "question", label: "Open question", description: "what is still to be answered" },
  { kind: "issue", label: "Known issue", description: "what is wrong" },
  { kind: "rejected", label: "Do not revisit", description: "what was tried or ruled out" },
  { kind: "state", label: "Current state", description: "where things stand; takes the place of the last one" },
];

/** Pins an entry of the memory, or unpins it; a pinned one enters every summary first. */
async function pin({ request }: RunningApp, entry: string, pinned: boolean): Promise<void> {
  await request("throughline/ledger/pin", { entry, pinned });
}

/** Words an entry anew, with its reason where it has one. */
async function edit({ request }: RunningApp, entry: MemoryEntry): Promise<void> {
  const text = await askWords("Edit the entry", "What should be remembered?", entry.said);
  if (text === undefined) return;
  const why = entry.why ? await askWords("Edit the reason", "Why? Leave it empty to take the reason out.", entry.why, true) : null;
  if (why === undefined) return;
  await request("throughline/ledger/edit", { entry: entry.id, text, why, owner: null });
}

/** Ends an entry, with what came of it. */
async function resolve({ request }: RunningApp, entry: MemoryEntry): Promise<void> {
  const resolution = await askWords("Resolve the entry", `What came of it: ${entry.said}`, "");
  if (resolution !== undefined) await request("throughline/ledger/resolve", { entry: entry.id, resolution });
}

/** Puts a resolved entry in force again. */
async function reopen({ request }: RunningApp, entry: MemoryEntry): Promise<void> {
  await request("throughline/ledger/reopen", { entry: entry.id });
}

/** Makes an entry one of another kind. */
async function changeKind({ request }: RunningApp, entry: MemoryEntry): Promise<void> {
  const to = await askKind("Change the kind of the entry", KINDS.filter(({ kind }) => kind !== entry.kind));
  if (to) await request("throughline/ledger/recast", { entry: entry.id, to });
}

/** Takes an entry out, and offers to put it back. */
async function remove({ request }: RunningApp, entry: MemoryEntry): Promise<void> {
  const { step } = await request("throughline/ledger/delete", { entry: entry.id });
  const shown = entry.said.length > 60 ? `${entry.said.slice(0, 59)}…` : entry.said;
  const choice = await window.showInformationMessage(`Deleted from the memory: ${shown}`, "Undo");
  if (choice === "Undo") await request("throughline/ledger/undo", { step });
}

/** Enters something into the memory: of the kind of the section it was asked for, or of one that is chosen. */
async function add({ request }: RunningApp, given?: EntryKind): Promise<void> {
  const kind = given ?? (await askKind("Add to the memory", KINDS));
  const text = kind && (await askWords("Add to the memory", "What should be remembered?", ""));
  if (text) await request("throughline/ledger/add", { kind, text, why: "", owner: "" });
}

/** Lays down a rule: in the words given, those selected in the editor, or those that are asked for. */
async function remember({ request }: RunningApp, given?: string): Promise<void> {
  const editor = window.activeTextEditor;
  const selected = editor?.document.getText(editor.selection).trim() ?? "";
  const text = given?.trim() || (await askWords("Remember a rule", "What holds from now on, in this session and in those to come?", selected));
  if (text) await request("throughline/ledger/add", { kind: "rule", text, why: "", owner: "" });
}

/** Keeps a rule on this machine, or shares it by the project archive. */
async function keepMine({ request }: RunningApp, entry: MemoryEntry, mine: boolean): Promise<void> {
  await request("throughline/ledger/keep_mine", { entry: entry.id, mine });
}

/** Shows the turn that an entry came from. */
function showSource({ pages }: App, { row }: MemoryEntry): void {
  if (row) pages.reveal(row);
  else void window.showInformationMessage("This entry came from no turn.");
}

/** Opens the rolling summary as a document: saving it changes what is remembered. */
async function openSummary({ documents, store }: App): Promise<void> {
  await window.showTextDocument(documents.put("summary", store.state.memory.summary), { preview: false });
}

/** Finds where something was said, in this session first, and shows the turn. */
async function recall(app: RunningApp, given?: string): Promise<void> {
  const text = given?.trim() || (await window.showInputBox({ title: "Recall", prompt: "Words that were said, all of them together." }));
  if (!text?.trim()) return;
  const own = app.store.state.session?.id;
  const { places } = await app.request("throughline/search/recall", { words: text, everywhere: true });
  if (places.length === 0) return void window.showInformationMessage(`Nothing was said with all these words: ${text}`);
  const here = places.filter(({ session }) => session === own);
  const there = places.filter(({ session }) => session !== own);
  const items = [...here, ...there].map((place): QuickPickItem & { place: RecallMatch } => ({
    label: place.excerpt.replaceAll(/\s+/g, " ").trim(),
    description: `turn ${place.turn} · ${place.said.replaceAll("_", " ")}`,
    ...(place.session === own ? {} : { detail: place.objective }),
    place,
  }));
  const options = { title: `Recall: ${text}`, placeHolder: "Where it was said", matchOnDetail: true };
  const place = (await window.showQuickPick(items, options))?.place;
  if (!place) return;
  if (place.session !== own) await resume(app, place.session);
  app.pages.reveal(place.row);
}

async function askWords(title: string, prompt: string, value: string, empty = false): Promise<string | undefined> {
  const validateInput = (text: string) => (empty || text.trim() ? undefined : "It needs words.");
  return (await window.showInputBox({ title, prompt, value, ignoreFocusOut: true, validateInput }))?.trim();
}

async function askKind(title: string, from: typeof KINDS): Promise<EntryKind | undefined> {
  const items = from.map(({ kind, label, description }) => ({ label, description, entryKind: kind }));
  return (await window.showQuickPick(items, { title, placeHolder: "Kind" }))?.entryKind;
}
