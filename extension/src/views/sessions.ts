import { EventEmitter, ThemeIcon, TreeItem, type TreeDataProvider } from "vscode";
import { ago, plural } from "../numbers";
import type { SessionItem } from "../protocol";
import type { Sidecar } from "../sidecar";
import type { StateStore } from "../stateStore";

/** The sessions of this workspace. The list is asked for anew when another session is shown. */
export class SessionsView implements TreeDataProvider<SessionItem> {
  #current: string | undefined;
  #named: string | undefined;
  /** Whether the sidecar can reach a model for a new session, by what it finds beside the editor's own key. */
  keyed = false;
  readonly #changed = new EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(
    readonly sidecar: Sidecar,
    readonly store: StateStore,
  ) {
    store.onDidChange(() => {
      const { session } = store.state;
      if (this.#current === session?.id && this.#named === session?.objective) return;
      this.#current = session?.id;
      this.#named = session?.objective;
      this.refresh();
    });
  }

  refresh(): void {
    this.#changed.fire();
  }

  /** The sessions, the newest first; starts the sidecar where none runs. */
  async list(): Promise<SessionItem[]> {
    const request = await this.sidecar.start();
    const { sessions, keyed } = await request("throughline/sessions", {});
    this.keyed = keyed;
    return sessions;
  }

  /** The sessions where the sidecar can be asked. One that failed has said why, and is not started again for a list. */
  async known(): Promise<SessionItem[]> {
    if (this.sidecar.status.kind === "failed") return [];
    return this.list().catch(() => []);
  }

  getChildren(item?: SessionItem): Promise<SessionItem[]> | [] {
    return item ? [] : this.known();
  }

  getTreeItem(session: SessionItem): TreeItem {
    const item = new TreeItem(session.objective);
    item.id = session.id;
    item.description = describe(session, Date.now() / 1000);
    item.iconPath = new ThemeIcon(icon(session, session.id === this.#current));
    item.contextValue = session.id === this.#current ? "open" : "kept";
    item.tooltip = `${session.objective}\n${item.description}`;
    item.command = { command: "throughline.resume", title: "Resume Session", arguments: [session.id] };
    return item;
  }
}

/** "12 turns · 3 h ago · ended", seen from `now` in seconds since the epoch. */
export function describe(session: SessionItem, now: number): string {
  const marks = [plural(session.turns, "turn"), ago(session.updated, now)];
  if (session.recorded) marks.push("recording");
  if (session.ended) marks.push("ended");
  return marks.join(" · ");
}

function icon(session: SessionItem, current: boolean): string {
  if (current) return "circle-filled";
  if (session.recorded) return "play-circle";
  return session.ended ? "archive" : "comment-discussion";
}
