import { EventEmitter, FileDecoration, ThemeColor, Uri, window, type Disposable, type FileDecorationProvider } from "vscode";
import type { ContextFile } from "../protocol";
import type { StateStore } from "../stateStore";

/** What stands beside a file's name in the explorer and on its tab: how the model knows it. */
class Badges implements FileDecorationProvider {
  #files = new Map<string, ContextFile>();
  readonly #changed = new EventEmitter<Uri[]>();
  readonly onDidChangeFileDecorations = this.#changed.event;

  /** Shows these files, and asks the editor to look again at those that changed. */
  show(files: ContextFile[]): void {
    const now = new Map(files.map((file) => [Uri.parse(file.uri).toString(), file]));
    const touched = [...new Set([...this.#files.keys(), ...now.keys()])].filter((uri) => look(this.#files.get(uri)) !== look(now.get(uri)));
    this.#files = now;
    if (touched.length > 0) this.#changed.fire(touched.map((uri) => Uri.parse(uri)));
  }

  provideFileDecoration(uri: Uri): FileDecoration | undefined {
    const file = this.#files.get(uri.toString());
    if (!file) return undefined;
    if (file.freshness === "stale") {
      return new FileDecoration("!", "Throughline: it has changed since the model saw it", new ThemeColor("list.warningForeground"));
    }
    if (file.freshness === "gone") return undefined;
    return file.form === "skeleton"
      ? new FileDecoration("S", "Throughline: the model has its skeleton")
      : new FileDecoration("F", "Throughline: the model has it whole");
  }
}

function look(file: ContextFile | undefined): string {
  return file ? `${file.form} ${file.freshness}` : "";
}

/** Shows the badges of the files in the context. */
export function showBadges(store: StateStore): Disposable[] {
  const badges = new Badges();
  let shown: ContextFile[] = [];
  const show = () => {
    if (shown === store.state.files) return;
    shown = store.state.files;
    badges.show(shown);
  };
  show();
  return [window.registerFileDecorationProvider(badges), store.onDidChange(show)];
}
