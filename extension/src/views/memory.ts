import { EventEmitter, MarkdownString, ThemeIcon, TreeItem, TreeItemCollapsibleState, type TreeDataProvider } from "vscode";
import type { App } from "../app";
import type { EntryKind, Memory, MemoryEntry, MemorySection } from "../protocol";

/** A heading with entries below it; `kind` is that of a new entry, and none where none can be made. */
interface Heading {
  kind: "section";
  title: string;
  entries: MemoryEntry[];
  adds?: EntryKind;
  folded?: true;
  why?: string;
}

/** A rule of the archive that somebody else wrote. */
interface ForeignRule {
  kind: "foreign";
  text: string;
}

/** The rules of others, which tell and order nothing until they are accepted. */
interface ForeignRules {
  kind: "foreign rules";
  rules: string[];
}

export type MemoryNode = Heading | { kind: "entry"; entry: MemoryEntry; heading: string } | ForeignRule | ForeignRules;

const ICONS: Record<EntryKind, string> = {
  rule: "shield",
  objective: "target",
  decision: "law",
  constraint: "lock",
  pattern: "symbol-ruler",
  state: "pulse",
  milestone: "milestone",
  work: "pass",
  fact: "note",
  question: "question",
  issue: "bug",
  rejected: "circle-slash",
};

/** The ledger by the summary's sections, and below them what no person or model put there; an entry leads to its turn. */
export class MemoryView implements TreeDataProvider<MemoryNode> {
  #shown: Memory;
  readonly #changed = new EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(app: App) {
    this.#shown = app.store.state.memory;
    app.store.onDidChange(() => {
      if (this.#shown === app.store.state.memory) return;
      this.#shown = app.store.state.memory;
      this.#changed.fire();
    });
  }

  getChildren(node?: MemoryNode): MemoryNode[] {
    if (!node) return headings(this.#shown);
    if (node.kind === "foreign rules") return node.rules.map((text) => ({ kind: "foreign", text }));
    if (node.kind !== "section") return [];
    return node.entries.map((entry) => ({ kind: "entry", entry, heading: node.title }));
  }

  getTreeItem(node: MemoryNode): TreeItem {
    switch (node.kind) {
      case "section":
        return headingItem(node);
      case "entry":
        return entryItem(node.entry, node.heading);
      case "foreign rules":
        return foreignHeadingItem(node.rules.length);
      case "foreign":
        return foreignItem(node.text);
    }
  }
}

function headings({ sections, resolved, foreign }: Memory): MemoryNode[] {
  const made = sections.map(({ title, kind, entries }: MemorySection): Heading => ({ kind: "section", title, entries, adds: kind }));
  const below: Heading[] = [
    { kind: "section", title: "Resolved", entries: resolved, folded: true, why: "What has been settled. It can be reopened." },
  ];
  const others: ForeignRules[] = foreign.length > 0 ? [{ kind: "foreign rules", rules: foreign }] : [];
  return [...others, ...made, ...below.filter(({ entries }) => entries.length > 0)];
}

function foreignHeadingItem(count: number): TreeItem {
  const item = new TreeItem("Rules of Others, Not Accepted", TreeItemCollapsibleState.Expanded);
  item.id = "foreign rules";
  item.description = String(count);
  item.tooltip = "Somebody else wrote these rules into the project archive. The agent follows them once you accept them.";
  item.contextValue = "foreign rules";
  return item;
}

function foreignItem(text: string): TreeItem {
  const item = new TreeItem(text);
  item.id = `foreign ${text}`;
  item.iconPath = new ThemeIcon("unverified");
  item.tooltip = text;
  item.contextValue = "foreign";
  return item;
}

function headingItem({ title, entries, adds, folded, why }: Heading): TreeItem {
  const item = new TreeItem(title, folded ? TreeItemCollapsibleState.Collapsed : TreeItemCollapsibleState.Expanded);
  item.id = `section ${title}`;
  item.description = String(entries.length);
  item.tooltip = why ?? title;
  item.contextValue = adds ? `section ${adds}` : "section";
  return item;
}

function entryItem(entry: MemoryEntry, heading: string): TreeItem {
  const item = new TreeItem(entry.text.split("\n", 1)[0] ?? "");
  item.id = `${heading} ${entry.id}`;
  item.iconPath = new ThemeIcon(icon(entry));
  if (entry.state !== "active") item.description = entry.resolution || entry.state;
  item.tooltip = tooltip(entry);
  if (entry.kind === "rule" && entry.mine && entry.state === "active") item.description = "on this machine only";
  const whose = entry.kind === "rule" ? (entry.mine ? " mine" : " shared") : "";
  item.contextValue = `entry ${entry.state === "resolved" ? "resolved" : "live"} ${entry.pinned ? "pinned" : "free"} ${entry.kind}${whose}`;
  item.accessibilityInformation = { label: `${entry.text}, ${marks(entry)}` };
  item.command = { command: "throughline.source", title: "Show Source Turn", arguments: [{ kind: "entry", entry, heading }] };
  return item;
}

function icon(entry: MemoryEntry): string {
  if (entry.pinned) return "pinned";
  if (entry.state === "resolved") return "pass-filled";
  if (entry.state === "revised") return "history";
  return ICONS[entry.kind];
}

function tooltip(entry: MemoryEntry): MarkdownString {
  const text = new MarkdownString().appendText(entry.text);
  if (entry.resolution) text.appendMarkdown("\n\nResolved: ").appendText(entry.resolution);
  return text.appendMarkdown(`\n\n---\n\n${marks(entry)}`);
}

function marks({ kind, state, pinned, author, turns }: MemoryEntry): string {
  const origin = turns.length > 0 ? `${turns.length === 1 ? "turn" : "turns"} ${turns.join(", ")}` : "no turn";
  return [kind, pinned ? `${state}, pinned` : state, `by the ${author}`, origin].join(" · ");
}
