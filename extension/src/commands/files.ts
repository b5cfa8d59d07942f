import path from "node:path";
import { commands, ProgressLocation, Uri, window, workspace } from "vscode";
import type { RunningApp } from "../app";
import { openPreview } from "../markdownPreview";
import type { FileForm } from "../protocol";
import { fileUris, runningCommand, words } from "./command";
import { startSession } from "./session";

/** Commands of the files in the context, and of what changed in the workspace. */
export const fileCommands = {
  injectSkeleton: runningCommand(fileUris, (app, uris) => inject(app, "skeleton", uris)),
  injectFull: runningCommand(fileUris, (app, uris) => inject(app, "full", uris)),
  skeleton: runningCommand(words, injectNamed),
  drop: runningCommand(fileUris, drop),
  refresh: runningCommand(fileUris, refresh),
  difference: runningCommand(fileUris, showDifference),
  changes: runningCommand(words, showChanges),
};

/** Puts the chosen files, and those below chosen folders, into the context; says which were refused, and why. */
async function inject(app: RunningApp, form: FileForm, chosen: Uri[]): Promise<void> {
  const uris = chosen.map((uri) => uri.toString());
  if (uris.length === 0) throw new Error("Choose one or more files or folders.");
  if (!app.store.state.session && !(await offerSession(app))) return;
  const title = form === "skeleton" ? "Throughline reads skeletons" : "Throughline reads files";
  const answer = app.request("throughline/inject", { uris, form });
  const { refused } = await window.withProgress({ location: ProgressLocation.Window, title }, () => answer);
  if (refused.length === 0) return;
  refused.forEach(({ reason }) => app.log.warn(`Not injected: ${reason}`));
  const [first] = refused;
  const message =
    refused.length === 1
      ? `Not injected: ${first?.reason}`
      : `${refused.length} were not injected, ${workspace.asRelativePath(first?.uri ?? "")} among them: ${first?.reason}`;
  const choice = await window.showWarningMessage(message, ...(refused.length > 1 ? ["Show Log"] : []));
  if (choice === "Show Log") app.log.show();
}

/** Offers to start a session; whether one is open then. */
async function offerSession(app: RunningApp): Promise<boolean> {
  const choice = await window.showInformationMessage("Files are injected into a session, and none is open.", "Start Session");
  if (choice === "Start Session") await startSession(app);
  return app.store.state.session !== null;
}

/** Puts a file's skeleton into the context: the one that is named, or one that is chosen from a list. */
async function injectNamed(app: RunningApp, given?: string): Promise<void> {
  const root = workspace.workspaceFolders?.[0]?.uri;
  const name = given?.replace(/^@/, "").trim() || (await chooseFile(app));
  if (root && name) await inject(app, "skeleton", [Uri.joinPath(root, name)]);
}

/** The sidecar says which files fit what is typed: a workspace may have very many. */
async function chooseFile({ request, log }: RunningApp): Promise<string | undefined> {
  const box = window.createQuickPick();
  box.title = "Inject a skeleton";
  box.placeholder = "A file of the workspace";
  const fill = async (query: string) => {
    const { paths } = await request("throughline/search/files", { query });
    if (query === box.value) box.items = paths.map((label) => ({ label, alwaysShow: true }));
  };
  box.onDidChangeValue((query) => void fill(query).catch((error: unknown) => log.debug(`No files for “${query}”: ${error}`)));
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

/** Takes files, and those below folders, out of the context. */
async function drop({ request, store }: RunningApp, chosen: Uri[]): Promise<void> {
  const present = store.state.files.filter((file) => chosen.some((uri) => isInside(file.uri, uri.toString())));
  if (present.length === 0) return void window.showInformationMessage("None of these is in the context.");
  for (const { uri } of present) await request("throughline/drop", { uri });
}

/** Whether an address is that file or folder, or lies below it. */
function isInside(uri: string, folder: string): boolean {
  return uri === folder || uri.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** Shows the model the present state of files. */
async function refresh({ request }: RunningApp, chosen: Uri[]): Promise<void> {
  for (const uri of chosen) {
    const { refused } = await request("throughline/refresh", { uri: uri.toString() });
    for (const { reason } of refused) throw new Error(reason);
  }
}

/** Shows a file as the model saw it beside what it would see now. */
async function showDifference({ request, readonlyTexts }: RunningApp, [uri]: Uri[]): Promise<void> {
  if (!uri) throw new Error("Open the file whose difference is wanted.");
  const { seen, now } = await request("throughline/difference", { uri: uri.toString() });
  const title = `${path.posix.basename(uri.path)}: seen by the model ↔ now`;
  const [left, right] = [readonlyTexts.put(`seen${uri.path}`, seen), readonlyTexts.put(`now${uri.path}`, now)];
  await commands.executeCommand("vscode.diff", left, right, title);
}

/** Shows what changed since the last commit, or over the given revisions, file by file. */
async function showChanges({ request, readonlyTexts }: RunningApp, revisions = ""): Promise<void> {
  const { markdown } = await request("throughline/search/changes", { revisions });
  if (!markdown.trim()) return void window.showInformationMessage("Nothing has changed.");
  await openPreview(readonlyTexts, "Changes.md", markdown);
}
