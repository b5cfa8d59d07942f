import { commands, Uri, ViewColumn, window, type Disposable, type Webview, type WebviewPanel, type WebviewView } from "vscode";
import type { App } from "../app";
import type { StateChange } from "../stateStore";
import { html } from "./html";
import type { ToPage } from "./messages";
import { Page } from "./page";

const PANEL = "throughline.chat";
const VIEW = "throughline.chatView";

/** The chat: one editor panel and one view at most, both showing the state. */
export class Pages implements Disposable {
  #panel: { panel: WebviewPanel; page: Page } | undefined;
  #view: { view: WebviewView; page: Page } | undefined;
  readonly #app: () => App;
  readonly #dist: Uri;

  constructor(extension: Uri, app: () => App) {
    this.#app = app;
    this.#dist = Uri.joinPath(extension, "dist");
  }

  /** Registers both places and keeps their pages in step with the state. */
  register(): Disposable[] {
    const { store, sidecar } = this.#app();
    return [
      this,
      window.registerWebviewPanelSerializer(PANEL, { deserializeWebviewPanel: async (panel) => void this.#adopt(panel) }),
      window.registerWebviewViewProvider(VIEW, { resolveWebviewView: (view) => this.#resolve(view) }),
      store.onDidChange((change) => this.#follow(change)),
      sidecar.onDidChangeStatus(() => this.tellStatus()),
    ];
  }

  /** Whether a chat is in sight. */
  get visible(): boolean {
    return Boolean(this.#panel?.panel.visible || this.#view?.view.visible);
  }

  /** Brings the chat to the front: where it is, or in an editor panel beside the code. */
  show(): Page {
    if (this.#panel) {
      this.#panel.panel.reveal();
      return this.#panel.page;
    }
    if (this.#view?.view.visible) {
      void commands.executeCommand(`${VIEW}.focus`);
      return this.#view.page;
    }
    return this.#adopt(window.createWebviewPanel(PANEL, "Throughline", ViewColumn.Beside, this.#options()));
  }

  /** Shows a row of the chat. */
  reveal(row: string): void {
    this.show().tellLater({ kind: "reveal", row });
  }

  /** Tells every page whether the sidecar runs and a model can be reached. */
  tellStatus(): void {
    for (const page of this.#pages()) void page.tellStatus();
  }

  dispose(): void {
    this.#panel?.panel.dispose();
  }

  #adopt(panel: WebviewPanel): Page {
    const { context } = this.#app();
    panel.iconPath = Uri.joinPath(context.extensionUri, "media", "icon.png");
    const page = this.#open(panel.webview);
    this.#panel = { panel, page };
    panel.onDidChangeViewState(() => panel.visible || page.hide());
    panel.onDidDispose(() => {
      page.dispose();
      this.#panel = undefined;
    });
    return page;
  }

  #resolve(view: WebviewView): void {
    const page = this.#open(view.webview);
    this.#view = { view, page };
    view.onDidChangeVisibility(() => view.visible || page.hide());
    view.onDidDispose(() => {
      page.dispose();
      this.#view = undefined;
    });
  }

  #open(webview: Webview): Page {
    const page = new Page(this.#app(), webview);
    webview.options = this.#options();
    webview.html = html(webview, this.#dist);
    return page;
  }

  #options() {
    return { enableScripts: true, localResourceRoots: [this.#dist] };
  }

  #follow(change: StateChange): void {
    const message: ToPage =
      change.kind === "patch" ? change : { kind: "snapshot", state: this.#app().store.state };
    for (const page of this.#pages()) page.tell(message);
  }

  #pages(): Page[] {
    return [this.#panel?.page, this.#view?.page].filter((page) => page !== undefined);
  }
}
