import {
  EventEmitter,
  FileChangeType,
  FilePermission,
  FileSystemError,
  FileType,
  Uri,
  workspace,
  type Disposable,
  type FileChangeEvent,
  type FileStat,
  type FileSystemProvider,
} from "vscode";
import type { App } from "./app";

export const SCHEME = "throughline";

/** A text of the session's that can be edited as a document. */
interface Source {
  name: string;
  /** Whether it can be read only. */
  readonly: boolean;
  /** Takes over what became of `base`; returns what the document shows from then on. */
  save(base: string, edited: string): Promise<string>;
}

interface Shown {
  text: string;
  moved: number;
}

export type DocumentName = "summary" | "archive";

/**
 * The session's texts as documents that the editor can edit and save.
 *
 * What is shown holds still while there are edits that are not saved: they are read as edits of what was shown.
 */
export class Documents implements FileSystemProvider, Disposable {
  readonly #shown = new Map<string, Shown>();
  readonly #changed = new EventEmitter<FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changed.event;
  readonly #parts: Disposable[];

  constructor(readonly app: () => App) {
    this.#parts = [
      this.#changed,
      workspace.registerFileSystemProvider(SCHEME, this, { isCaseSensitive: true }),
      workspace.onDidSaveTextDocument(({ uri }) => uri.scheme === SCHEME && this.follow()),
    ];
  }

  /** The address of a text of the session that is shown. */
  uri(name: DocumentName): Uri {
    const { session } = this.app().mirror.state;
    if (!session) throw new Error("There is no session: start one, or play the recorded demo.");
    return Uri.from({ scheme: SCHEME, path: `/${name}/${session.id}/${this.#source(name).name}` });
  }

  /** Shows another text, unless somebody is in the middle of an edit. */
  put(name: DocumentName, text: string): Uri {
    const uri = this.uri(name);
    const open = workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
    if (!open?.isDirty) this.#show(uri, text);
    return uri;
  }

  /** Keeps the summary in step with what the sidecar says. */
  follow(): void {
    const { session, memory } = this.app().mirror.state;
    if (session) this.put("summary", memory.summary);
  }

  stat(uri: Uri): FileStat {
    const { text, moved } = this.#known(uri);
    const readonly = this.#source(name(uri)).readonly ? { permissions: FilePermission.Readonly } : {};
    return { type: FileType.File, ctime: 0, mtime: moved, size: Buffer.byteLength(text), ...readonly };
  }

  readFile(uri: Uri): Uint8Array {
    return Buffer.from(this.#known(uri).text);
  }

  async writeFile(uri: Uri, content: Uint8Array): Promise<void> {
    const { text: base } = this.#known(uri);
    if (uri.path !== this.uri(name(uri)).path) throw new Error("Its session is not open any more: nothing was saved.");
    const made = await this.#source(name(uri)).save(base, Buffer.from(content).toString("utf8"));
    // The document shows what was made of it once the editor is done with saving.
    setTimeout(() => this.#show(uri, made));
  }

  watch(): Disposable {
    return { dispose: () => undefined };
  }

  readDirectory(): [string, FileType][] {
    return [];
  }

  createDirectory(): never {
    throw FileSystemError.NoPermissions();
  }

  delete(): never {
    throw FileSystemError.NoPermissions();
  }

  rename(): never {
    throw FileSystemError.NoPermissions();
  }

  dispose(): void {
    for (const part of this.#parts) part.dispose();
  }

  #source(name: DocumentName): Source {
    const { mirror, sidecar } = this.app();
    switch (name) {
      case "summary":
        return {
          name: "Rolling Summary.md",
          readonly: mirror.state.session?.readonly ?? true,
          save: async (base, edited) => (await sidecar.ask("throughline/ledger/rewrite", { base, edited })).summary,
        };
      case "archive":
        return {
          name: "project-context.md",
          readonly: mirror.state.archive.pending === null,
          save: async (_, edited) => {
            await this.app().archive.accept(edited);
            return edited;
          },
        };
      default:
        return name satisfies never;
    }
  }

  #show(uri: Uri, text: string): void {
    const before = this.#shown.get(uri.path);
    if (before?.text === text) return;
    this.#shown.set(uri.path, { text, moved: Math.max(Date.now(), (before?.moved ?? 0) + 1) });
    this.#changed.fire([{ type: FileChangeType.Changed, uri }]);
  }

  #known(uri: Uri): Shown {
    const shown = this.#shown.get(uri.path);
    if (!shown) throw FileSystemError.FileNotFound(uri);
    return shown;
  }
}

function name(uri: Uri): DocumentName {
  return uri.path.startsWith("/archive/") ? "archive" : "summary";
}
