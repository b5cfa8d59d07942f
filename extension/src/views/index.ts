import { window, type Disposable } from "vscode";
import type { App } from "../app";
import { FilesView } from "./files";
import { MemoryView } from "./memory";

/** Shows the three trees. */
export function showViews(app: App): Disposable[] {
  const { sessions, sidecar } = app;
  const memory = window.createTreeView("throughline.memory", { treeDataProvider: new MemoryView(app), showCollapseAll: true });
  const files = window.createTreeView("throughline.files", { treeDataProvider: new FilesView(app), canSelectMany: true });
  const list = window.createTreeView("throughline.sessions", { treeDataProvider: sessions });
  const status = sidecar.onDidChangeStatus(({ kind }) => {
    if (kind === "running" || kind === "stopped") sessions.refresh();
  });
  return [memory, files, list, status];
}
