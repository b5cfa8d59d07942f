import { EventEmitter, MarkdownString, ThemeIcon, TreeItem, TreeItemCollapsibleState, type TreeDataProvider } from "vscode";
import type { App } from "../app";
import type { Memory, MemoryEntry, MemorySection } from "../protocol";

export type MemoryNode = { kind: "section"; section: MemorySection } | { kind: "entry"; entry: MemoryEntry; section: string };

/** Icons by a section's first word. */
const ICONS: Record<string, string> = {
  Objective: "target",
  Decisions: "law",
  Current: "pulse",
  Work: "pass",
  Open: "question",
  Known: "bug",
  Do: "circle-slash",
};

/** The rolling summary by section; an entry leads to the turn that it came from. */
export class MemoryView implements TreeDataProvider<MemoryNode> {
  #shown: Memory;
  readonly #changed = new EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(app: App) {
    this.#shown = app.mirror.state.memory;
    app.mirror.onDidMove(() => {
      if (this.#shown === app.mirror.state.memory) return;
      this.#shown = app.mirror.state.memory;
      this.#changed.fire();
    });
  }

  getChildren(node?: MemoryNode): MemoryNode[] {
    if (!node) return this.#shown.sections.map((section) => ({ kind: "section", section }));
    if (node.kind === "entry") return [];
    return node.section.entries.map((entry) => ({ kind: "entry", entry, section: node.section.title }));
  }

  getTreeItem(node: MemoryNode): TreeItem {
    return node.kind === "section" ? sectionItem(node.section) : entryItem(node.entry, node.section);
  }
}

function sectionItem({ title, entries }: MemorySection): TreeItem {
  const open = entries.length > 0 ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.None;
  const item = new TreeItem(title, open);
  item.id = `section ${title}`;
  item.description = entries.length > 0 ? String(entries.length) : "none";
  return item;
}

function entryItem(entry: MemoryEntry, section: string): TreeItem {
  const item = new TreeItem(entry.text.split("\n", 1)[0] ?? "");
  item.id = `${section} ${entry.id}`;
  item.iconPath = new ThemeIcon(icon(entry, section));
  if (entry.state !== "active") item.description = entry.state;
  item.tooltip = tooltip(entry);
  item.contextValue = entry.pinned ? "pinned" : "entry";
  item.accessibilityInformation = { label: `${entry.text}, ${marks(entry)}` };
  item.command = { command: "throughline.reveal", title: "Show in Chat", arguments: [entry.row] };
  return item;
}

function icon(entry: MemoryEntry, section: string): string {
  if (entry.pinned) return "pinned";
  if (entry.state === "resolved") return "pass-filled";
  if (entry.state === "revised") return "history";
  return ICONS[section.split(" ", 1)[0] ?? ""] ?? "note";
}

function tooltip(entry: MemoryEntry): MarkdownString {
  return new MarkdownString().appendText(entry.text).appendMarkdown(`\n\n---\n\n${marks(entry)}`);
}

function marks({ state, pinned, author, turns }: MemoryEntry): string {
  const origin = turns.length > 0 ? `${turns.length === 1 ? "turn" : "turns"} ${turns.join(", ")}` : "no turn";
  return [pinned ? `${state}, pinned` : state, `by the ${author}`, origin].join(" · ");
}
