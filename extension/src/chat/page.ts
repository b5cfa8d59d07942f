import { commands, env, type Disposable, type Webview } from "vscode";
import { running, type App } from "../app";
import type { CommandName } from "../commands";
import { startSession } from "../commands/session";
import { insertAtCursor, openFile, workspacePaths } from "./editor";
import { PAGE_COMMANDS, type FromPage, type ToPage } from "./messages";

/** Where the message that is being written is kept through a reload. */
const DRAFT = "draft";

/** One chat page and the messages that cross to it. It gets nothing before it has said that it listens. */
export class Page implements Disposable {
  #listens = false;
  #waiting: ToPage[] = [];
  readonly #listener: Disposable;

  constructor(
    readonly app: App,
    readonly webview: Webview,
  ) {
    this.#listener = webview.onDidReceiveMessage((message: FromPage) =>
      this.#handle(message).catch((error: unknown) => this.#fail(error)),
    );
  }

  /** Tells a page that listens; one that does not will ask for the whole state when it does. */
  tell(message: ToPage): void {
    if (this.#listens) void this.webview.postMessage(message);
  }

  /** Tells the page now, or as soon as it listens. */
  tellLater(message: ToPage): void {
    if (this.#listens) this.tell(message);
    else this.#waiting.push(message);
  }

  /** The editor has thrown the page's content away; it will be made anew. */
  hide(): void {
    this.#listens = false;
  }

  async tellStatus(): Promise<void> {
    const keyed = await this.#keyed();
    this.tell({ kind: "status", status: this.app.sidecar.status, keyed });
  }

  dispose(): void {
    this.#listener.dispose();
    this.#listens = false;
  }

  async #handle(message: FromPage): Promise<void> {
    const { sidecar, store, sessions } = this.app;
    switch (message.kind) {
      case "ready":
        return this.#greet();
      case "snapshot":
        return this.tell({ kind: "snapshot", state: store.state });
      case "sessions":
        return this.tell({ kind: "sessions", sessions: await sessions.known(), keyed: await this.#keyed() });
      case "start":
        return startSession(this.app, message);
      case "send":
        return this.#send(message.text, message.files);
      case "find":
        return this.#find(message.query);
      case "dropped":
        return this.tell({ kind: "mention", paths: workspacePaths(message.uris) });
      case "draft":
        return this.app.context.workspaceState.update(DRAFT, message.text || undefined);
      case "answer": {
        const { call, allowed, session, reason } = message;
        return void (await (await sidecar.start())("throughline/approval/answer", { call, allowed, session, reason }));
      }
      case "cancel":
        return void (await (await sidecar.start())("throughline/cancel", {}));
      case "retry":
        return void (await (await running(this.app)).request("throughline/retry", {}));
      case "run":
        return this.#run(message);
      case "open":
        return openFile(message.path);
      case "copy":
        return env.clipboard.writeText(message.text);
      case "insert":
        return insertAtCursor(message.text);
      default:
        return message satisfies never;
    }
  }

  async #keyed(): Promise<boolean> {
    return this.app.sessions.keyed || this.app.key.suffices();
  }

  async #greet(): Promise<void> {
    this.#listens = true;
    this.tell({ kind: "snapshot", state: this.app.store.state });
    this.tell({ kind: "draft", text: this.app.context.workspaceState.get(DRAFT, "") });
    await this.tellStatus();
    for (const message of this.#waiting.splice(0)) this.tell(message);
    await this.app.sidecar.start();
  }

  async #find(query: string): Promise<void> {
    const { request } = await running(this.app);
    const { paths } = await request("throughline/search/files", { query });
    this.tell({ kind: "found", query, paths });
  }

  async #send(text: string, files: string[]): Promise<void> {
    try {
      const { request } = await running(this.app);
      const { refused } = await request("throughline/send", { text, files });
      if (refused.length > 0) this.#fail(`Not in the context: ${refused.join("; ")}`);
    } catch (error) {
      this.tell({ kind: "draft", text });
      throw error;
    }
  }

  async #run({ command, argument }: FromPage & { kind: "run" }): Promise<void> {
    const allowed: readonly CommandName[] = PAGE_COMMANDS;
    if (allowed.includes(command)) await commands.executeCommand(`throughline.${command}`, argument || undefined);
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.app.log.error(reason);
    this.tell({ kind: "failed", reason });
  }
}
