import { commands, Uri, type Disposable } from "vscode";
import type { Mirror } from "./mirror";
import type { ContextFile } from "./protocol";

/** The context key with the files that are in the view, and the folders above them: menus ask whether it holds one. */
const KEY = "throughline.present";

/** Whether an address is that file or folder, or lies below it. */
export function inside(uri: string, folder: string): boolean {
  return uri === folder || uri.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** Keeps the context key in step with the mirror. */
export function showPresence(mirror: Mirror): Disposable {
  let shown: ContextFile[] | undefined;
  const show = () => {
    if (mirror.state.files === shown) return;
    shown = mirror.state.files;
    void commands.executeCommand("setContext", KEY, [...new Set(shown.flatMap(places))]);
  };
  show();
  return mirror.onDidMove(show);
}

/** A file's path as the editor writes it in `resourcePath`, and those of the workspace's folders above it. */
function places({ uri, path }: ContextFile): string[] {
  const whole = Uri.parse(uri);
  return path.split("/").map((_, up) => Uri.joinPath(whole, "../".repeat(up)).fsPath.replace(/(.)[\\/]$/, "$1"));
}
