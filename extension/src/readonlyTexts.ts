import { EventEmitter, Uri, workspace, type Disposable, type TextDocumentContentProvider } from "vscode";

export const SEEN = "throughline-seen";

/** Read-only texts that are no files: what the model saw of one, and a session's report. */
export class ReadonlyTexts implements TextDocumentContentProvider, Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new EventEmitter<Uri>();
  readonly onDidChange = this.#changed.event;
  readonly #registration = workspace.registerTextDocumentContentProvider(SEEN, this);

  /** Gives a text an address; a later text of the same path takes its place. */
  put(path: string, text: string): Uri {
    const uri = Uri.from({ scheme: SEEN, path: path.startsWith("/") ? path : `/${path}` });
    this.#texts.set(uri.path, text);
    this.#changed.fire(uri);
    return uri;
  }

  provideTextDocumentContent(uri: Uri): string {
    return this.#texts.get(uri.path) ?? "";
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}
