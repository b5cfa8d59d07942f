import path from "node:path";
import { EventEmitter, ThemeColor, ThemeIcon, TreeItem, Uri, type TreeDataProvider } from "vscode";
import type { App } from "../app";
import { count, plural } from "../numbers";
import type { ContextFile } from "../protocol";

/** The files that the model has seen, how much of each, and which have moved on since. */
export class FilesView implements TreeDataProvider<ContextFile> {
  #shown: ContextFile[];
  readonly #changed = new EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(app: App) {
    this.#shown = app.store.state.files;
    app.store.onDidChange(() => {
      if (this.#shown === app.store.state.files) return;
      this.#shown = app.store.state.files;
      this.#changed.fire();
    });
  }

  getChildren(file?: ContextFile): ContextFile[] {
    return file ? [] : this.#shown;
  }

  getTreeItem(file: ContextFile): TreeItem {
    const item = new TreeItem(path.posix.basename(file.path));
    item.id = file.uri;
    item.resourceUri = Uri.parse(file.uri);
    item.iconPath = icon(file);
    const stale = file.freshness === "fresh" ? "" : `${file.freshness} · `;
    item.description = `${stale}${file.form} · ${count(file.tokens)}`;
    item.tooltip = tooltip(file);
    item.contextValue = file.freshness;
    item.accessibilityInformation = { label: tooltip(file).replaceAll("\n", ", ") };
    item.command = { command: "vscode.open", title: "Open File", arguments: [item.resourceUri] };
    return item;
  }
}

function icon({ freshness }: ContextFile): ThemeIcon {
  if (freshness === "stale") return new ThemeIcon("warning", new ThemeColor("list.warningForeground"));
  if (freshness === "gone") return new ThemeIcon("trash", new ThemeColor("list.deemphasizedForeground"));
  return ThemeIcon.File;
}

function tooltip(file: ContextFile): string {
  const size =
    file.form === "skeleton"
      ? `Skeleton: ${count(file.original)} → ${plural(file.tokens, "token")}`
      : `Whole file: ${plural(file.tokens, "token")}`;
  return [file.path, size, STANDING[file.freshness]].join("\n");
}

const STANDING: Record<ContextFile["freshness"], string> = {
  fresh: "The model has seen its present state",
  stale: "It has changed since the model saw it",
  gone: "It is no longer there",
};
