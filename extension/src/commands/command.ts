import { Uri, window } from "vscode";
import { running, type App, type RunningApp } from "../app";
import type { EntryKind, MemoryEntry } from "../protocol";
import type { MemoryNode } from "../views/memory";

/** A command as it is registered: the parts of the extension, and what the editor or the page gives it. */
export type Command = (app: App, given: unknown[]) => unknown;

/** Reads a command's argument out of what is given. Throws where there is none that it can do without. */
export type ArgumentReader<Argument> = (given: unknown[]) => Argument;

/** A command that works whether the sidecar runs or not; one that turns out to need it asks for it by `running`. */
export function command<Argument>(read: ArgumentReader<Argument>, run: (app: App, argument: Argument) => unknown): Command {
  return (app, given) => run(app, read(given));
}

/** A command that needs the sidecar, which is started first where it does not run. */
export function runningCommand<Argument>(
  read: ArgumentReader<Argument>,
  run: (app: RunningApp, argument: Argument) => unknown,
): Command {
  return async (app, given) => {
    const argument = read(given);
    return run(await running(app), argument);
  };
}

/** The command takes nothing. */
export function nothing(): undefined {
  return undefined;
}

/** Words, where there are any: a menu may give an object where a person gives words. */
export function words([given]: unknown[]): string | undefined {
  return typeof given === "string" ? given : undefined;
}

/** A line of a file, counted from one. */
export function lineNumber([given]: unknown[]): number | undefined {
  return typeof given === "number" ? given : undefined;
}

/** The id of a session, where a tree's item or a page's button stands for one. */
export function sessionId([given]: unknown[]): string | undefined {
  if (typeof given === "object" && given !== null && "id" in given) return String(given.id);
  return words([given]) || undefined;
}

/** The files that a command is about: the selected ones, the one clicked, or the one in the active editor. */
export function fileUris([one, selected]: unknown[]): Uri[] {
  const chosen = Array.isArray(selected) && selected.length > 0 ? selected : one === undefined ? [] : [one];
  const named = chosen.map(fileUri).filter((uri) => uri !== undefined);
  const active = window.activeTextEditor?.document.uri;
  return named.length > 0 || !active ? named : [active];
}

/** A menu gives an address, a tree its item, a link in a hover a text. */
function fileUri(thing: unknown): Uri | undefined {
  if (thing instanceof Uri) return thing;
  if (typeof thing === "string") return Uri.parse(thing, true);
  if (typeof thing === "object" && thing !== null && "uri" in thing) return fileUri(thing.uri);
  return undefined;
}

/** An entry of the Memory view. */
export function memoryEntry([given]: unknown[]): MemoryEntry {
  const node = given as MemoryNode | undefined;
  if (node?.kind !== "entry") throw new Error("Choose an entry in the Memory view.");
  return node.entry;
}

/** The id of an entry of the Memory view, or one that the chat page names. */
export function entryId(given: unknown[]): string {
  return typeof given[0] === "string" ? given[0] : memoryEntry(given).id;
}

/** A rule of the Memory view that somebody else wrote. */
export function foreignRule([given]: unknown[]): string {
  const node = given as MemoryNode | undefined;
  if (node?.kind !== "foreign") throw new Error("Choose a rule of others in the Memory view.");
  return node.text;
}

/** The kind of a new entry, where a section of the Memory view says which. */
export function entryKind([given]: unknown[]): EntryKind | undefined {
  const node = given as MemoryNode | undefined;
  return node?.kind === "section" && node.adds !== "objective" ? node.adds : undefined;
}
