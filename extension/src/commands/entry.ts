import { window } from "vscode";
import type { App } from "../app";
import type { EntryKind, MemoryEntry } from "../protocol";
import type { MemoryNode } from "../views/memory";

/** What an entry can be, as a person says it. */
const KINDS: { kind: EntryKind; label: string; description: string }[] = [
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
export async function pin(app: App, node: MemoryNode | undefined, pinned: boolean): Promise<void> {
  await app.sidecar.ask("throughline/ledger/pin", { entry: chosen(node).id, pinned });
}

/** Words an entry anew, with its reason where it has one. */
export async function edit(app: App, node: MemoryNode | undefined): Promise<void> {
  const entry = chosen(node);
  const text = await words("Edit the entry", "What should be remembered?", entry.said);
  if (text === undefined) return;
  const why = entry.why ? await words("Edit the reason", "Why? Leave it empty to take the reason out.", entry.why, true) : null;
  if (why === undefined) return;
  await app.sidecar.ask("throughline/ledger/edit", { entry: entry.id, text, why, owner: null });
}

/** Ends an entry, with what came of it. */
export async function resolve(app: App, node: MemoryNode | undefined): Promise<void> {
  const entry = chosen(node);
  const resolution = await words("Resolve the entry", `What came of it: ${entry.said}`, "");
  if (resolution !== undefined) await app.sidecar.ask("throughline/ledger/resolve", { entry: entry.id, resolution });
}

/** Puts a resolved entry in force again. */
export async function reopen(app: App, node: MemoryNode | undefined): Promise<void> {
  await app.sidecar.ask("throughline/ledger/reopen", { entry: chosen(node).id });
}

/** Makes an entry one of another kind. */
export async function recast(app: App, node: MemoryNode | undefined): Promise<void> {
  const entry = chosen(node);
  const to = await kind("Change the kind of the entry", KINDS.filter((one) => one.kind !== entry.kind));
  if (to) await app.sidecar.ask("throughline/ledger/recast", { entry: entry.id, to });
}

/** Takes an entry out, and offers to put it back. */
export async function remove(app: App, node: MemoryNode | undefined): Promise<void> {
  const entry = chosen(node);
  const { step } = await app.sidecar.ask("throughline/ledger/delete", { entry: entry.id });
  const shown = entry.said.length > 60 ? `${entry.said.slice(0, 59)}…` : entry.said;
  const choice = await window.showInformationMessage(`Deleted from the memory: ${shown}`, "Undo");
  if (choice === "Undo") await app.sidecar.ask("throughline/ledger/undo", { step });
}

/** Enters something into the memory: of the kind of the section it was asked for, or of one that is picked. */
export async function add(app: App, node?: MemoryNode): Promise<void> {
  const given = node?.kind === "section" && node.adds !== "objective" ? node.adds : undefined;
  const as = given ?? (await kind("Add to the memory", KINDS));
  const text = as && (await words("Add to the memory", "What should be remembered?", ""));
  if (text) await app.sidecar.ask("throughline/ledger/add", { kind: as, text, why: "", owner: "" });
}

/** Shows the turn that an entry came from. */
export async function source(app: App, node: MemoryNode | undefined): Promise<void> {
  const { row } = chosen(node);
  if (row) app.pages.reveal(row);
  else void window.showInformationMessage("This entry came from no turn.");
}

function chosen(node: MemoryNode | undefined): MemoryEntry {
  if (node?.kind !== "entry") throw new Error("Choose an entry in the Memory view.");
  return node.entry;
}

async function words(title: string, prompt: string, value: string, empty = false): Promise<string | undefined> {
  const validateInput = (text: string) => (empty || text.trim() ? undefined : "It needs words.");
  return (await window.showInputBox({ title, prompt, value, ignoreFocusOut: true, validateInput }))?.trim();
}

async function kind(title: string, from: typeof KINDS): Promise<EntryKind | undefined> {
  const items = from.map(({ kind: as, label, description }) => ({ label, description, as }));
  return (await window.showQuickPick(items, { title, placeHolder: "Kind" }))?.as;
}
