import { EventEmitter, ThemeIcon, TreeItem, TreeItemCollapsibleState, type TreeDataProvider } from "vscode";
import type { App } from "../app";
import { ago, plural } from "../numbers";
import type { Archive, ArchiveLine, ArchivePending, ArchiveSection } from "../protocol";

export type ArchiveNode =
  | { kind: "pending"; pending: ArchivePending }
  | { kind: "section"; section: ArchiveSection }
  | { kind: "line"; line: ArchiveLine };

/** The project archive by section, with the age of its lines; above it the change that waits. */
export class ArchiveView implements TreeDataProvider<ArchiveNode> {
  #shown: Archive;
  readonly #changed = new EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(app: App) {
    this.#shown = app.store.state.archive;
    app.store.onDidChange(() => {
      if (this.#shown === app.store.state.archive) return;
      this.#shown = app.store.state.archive;
      this.#changed.fire();
    });
  }

  getChildren(node?: ArchiveNode): ArchiveNode[] {
    if (node) return node.kind === "section" ? node.section.lines.map((line) => ({ kind: "line", line })) : [];
    const { pending, sections } = this.#shown;
    const above: ArchiveNode[] = pending ? [{ kind: "pending", pending }] : [];
    return [...above, ...sections.map((section): ArchiveNode => ({ kind: "section", section }))];
  }

  getTreeItem(node: ArchiveNode): TreeItem {
    switch (node.kind) {
      case "pending":
        return pendingItem(node.pending);
      case "section":
        return sectionItem(node.section);
      case "line":
        return lineItem(node.line);
      default:
        return node satisfies never;
    }
  }
}

function pendingItem({ by, added, removed, problem }: ArchivePending): TreeItem {
  const item = new TreeItem(problem ? "The archive cannot be read" : "Proposed change");
  item.id = "pending";
  item.iconPath = new ThemeIcon(problem ? "warning" : "git-pull-request");
  item.description = problem || `+${added} −${removed} · waits for you`;
  item.tooltip = problem || `Made by ${by === "model" ? "the model" : "local rules"}: ${plural(added, "line")} added, ${removed} taken out`;
  item.contextValue = problem ? "problem" : "pending";
  item.command = problem
    ? { command: "throughline.archive", title: "Open Archive" }
    : { command: "throughline.reviewArchive", title: "Review Archive Change" };
  return item;
}

function sectionItem({ title, line, lines }: ArchiveSection): TreeItem {
  const item = new TreeItem(title, TreeItemCollapsibleState.Expanded);
  item.id = `section ${line} ${title}`;
  item.description = String(lines.length);
  item.contextValue = "section";
  return item;
}

function lineItem({ text, line, since }: ArchiveLine): TreeItem {
  const item = new TreeItem(text);
  item.id = `line ${line} ${text}`;
  item.iconPath = new ThemeIcon(since === null ? "edit" : "dash");
  item.description = since === null ? "by hand" : ago(since, Date.now() / 1000);
  item.tooltip = `${text}\n${since === null ? "Written by hand" : `Since ${new Date(since * 1000).toLocaleString()}`}`;
  item.contextValue = "line";
  item.command = { command: "throughline.archive", title: "Open Archive", arguments: [line] };
  return item;
}
