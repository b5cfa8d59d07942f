import { Uri, window, workspace } from "vscode";
import type { App } from "../app";
import { inject } from "./inject";

/** Puts a file's skeleton into the view: the one that is named, or one that is picked. */
export async function skeleton(app: App, given?: string): Promise<void> {
  const root = workspace.workspaceFolders?.[0]?.uri;
  const path = given?.replace(/^@/, "").trim() || (await pick(app));
  if (root && path) await inject(app, "skeleton", [Uri.joinPath(root, path)]);
}

/** The sidecar says which files fit what is typed: a workspace may have very many. */
async function pick(app: App): Promise<string | undefined> {
  const box = window.createQuickPick();
  box.title = "Inject a skeleton";
  box.placeholder = "A file of the workspace";
  const fill = async (query: string) => {
    const { paths } = await app.sidecar.ask("throughline/search/files", { query });
    if (query === box.value) box.items = paths.map((path) => ({ label: path, alwaysShow: true }));
  };
  box.onDidChangeValue((query) => void fill(query).catch(() => undefined));
  await fill("");
  return new Promise((resolve) => {
    box.onDidAccept(() => {
      resolve(box.selectedItems[0]?.label);
      box.hide();
    });
    box.onDidHide(() => {
      resolve(undefined);
      box.dispose();
    });
    box.show();
  });
}
