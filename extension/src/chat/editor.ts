import { Range, Uri, window, workspace } from "vscode";

/** Opens a file that the agent named: `src/a.py`, `src/a.py:12` or `src/a.py#L12`, inside of the workspace only. */
export async function openFile(name: string): Promise<void> {
  const [, path = "", line] = /^(.*?)(?:(?::|#L)(\d+).*)?$/.exec(name) ?? [];
  const folder = workspace.workspaceFolders?.[0];
  if (!folder || !path) return;
  const uri = path.startsWith("/") ? Uri.file(path) : Uri.joinPath(folder.uri, decodeURI(path));
  if (!workspace.getWorkspaceFolder(uri)) return;
  const at = Math.max(0, Number(line ?? 1) - 1);
  await window.showTextDocument(uri, { selection: new Range(at, 0, at, 0) });
}

/** The workspace paths behind addresses, those of a remote window among them; what lies outside is left out. */
export function workspacePaths(uris: string[]): string[] {
  const root = workspace.workspaceFolders?.[0]?.uri;
  if (!root) return [];
  const base = root.path.endsWith("/") ? root.path : `${root.path}/`;
  const paths = uris.map((uri) => Uri.parse(uri)).filter(({ scheme }) => scheme === "file" || scheme === "vscode-remote");
  return paths.filter(({ path }) => path.startsWith(base)).map(({ path }) => path.slice(base.length));
}

/** Puts code where the cursor is in the editor that was used last. */
export async function insertAtCursor(text: string): Promise<void> {
  const editor = window.activeTextEditor ?? window.visibleTextEditors[0];
  if (!editor) throw new Error("Open a file first: the code goes where its cursor is.");
  await editor.edit((edit) => editor.selections.forEach((selection) => edit.replace(selection, text)));
}
