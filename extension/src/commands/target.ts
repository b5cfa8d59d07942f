import { Uri, window } from "vscode";

/** The files that a command is about: the selected ones, the one clicked, or the one in the active editor. */
export function targets(given: unknown[]): Uri[] {
  const [one, selected] = given;
  const chosen = Array.isArray(selected) && selected.length > 0 ? selected : one === undefined ? [] : [one];
  const named = chosen.map(address).filter((uri) => uri !== undefined);
  const active = window.activeTextEditor?.document.uri;
  return named.length > 0 || !active ? named : [active];
}

/** A menu gives an address, a tree its item, a link in a hover a text. */
function address(thing: unknown): Uri | undefined {
  if (thing instanceof Uri) return thing;
  if (typeof thing === "string") return Uri.parse(thing, true);
  if (typeof thing === "object" && thing !== null && "uri" in thing) return address(thing.uri);
  return undefined;
}
