import { window, type Disposable } from "vscode";
import type { App } from "../app";
import { ArchiveView } from "./archive";
import { FilesView } from "./files";
import { MemoryView } from "./memory";

/** Shows the four trees. */
export function showViews(app: App): Disposable[] {
  const { sessions, sidecar } = app;
  const memory = window.createTreeView("throughline.memory", { treeDataProvider: new MemoryView(app), showCollapseAll: true });
  const files = window.createTreeView("throughline.files", { treeDataProvider: new FilesView(app), canSelectMany: true });
  const archive = window.createTreeView("throughline.archive", { treeDataProvider: new ArchiveView(app), showCollapseAll: true });
  const waits = app.store.onDidChange(() => {
    const tooltip = "A change of the project archive waits for you";
    const waiting = app.store.state.archive.pending !== null;
    if (waiting !== (archive.badge !== undefined)) archive.badge = waiting ? { value: 1, tooltip } : undefined;
  });
  const list = window.createTreeView("throughline.sessions", { treeDataProvider: sessions });
  const status = sidecar.onDidChangeStatus(({ kind }) => {
    if (kind === "running" || kind === "stopped") sessions.refresh();
  });
  return [memory, files, archive, waits, list, status];
}
