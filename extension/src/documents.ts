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
  type TextDocument,
} from "vscode";
import type { App } from "./app";
import { Shown } from "./shown";

export const SCHEME = "throughline";

/** A text of the session's that can be edited as a document. */
interface Source {
  name: string;
  /** Whether it can be read only. */
  readonly: boolean;
  /** Takes over what became of `base`; returns what the document shows from then on. */
  save(base: string, edited: string): Promise<string>;
}

export type DocumentName = "summary" | "archive";

/**
 * The session's texts as documents that the editor can edit and save.
 *
 * What is shown holds still while there are edits that are not saved. They are read as edits of the text that the editor
 * has, which after a save is what was saved, until the editor has read what was made of it.
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
      workspace.onDidOpenTextDocument((document) => this.#loaded(document)),
      workspace.onDidChangeTextDocument(({ document }) => this.#loaded(document)),
      workspace.onDidSaveTextDocument((document) => this.#saved(document)),
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
    if (!this.#dirty(uri)) this.#show(uri, text);
    return uri;
  }

  /** Keeps the summary in step with what the sidecar says. */
  follow(): void {
    const { session, memory } = this.app().mirror.state;
    if (session) this.put("summary", memory.summary);
  }

  stat(uri: Uri): FileStat {
    const { text, moved } = this.#known(uri).version(this.#dirty(uri));
    const readonly = this.#source(name(uri)).readonly ? { permissions: FilePermission.Readonly } : {};
    return { type: FileType.File, ctime: 0, mtime: moved, size: Buffer.byteLength(text), ...readonly };
  }

  readFile(uri: Uri): Uint8Array {
    return Buffer.from(this.#known(uri).version(false).text);
  }

  async writeFile(uri: Uri, content: Uint8Array): Promise<void> {
    const shown = this.#known(uri);
    if (uri.path !== this.uri(name(uri)).path) throw new Error("Its session is not open any more: nothing was saved.");
    const edited = Buffer.from(content).toString("utf8");
    const made = await this.#source(name(uri)).save(shown.base, edited);
    shown.saved(edited, made);
    // Nothing but the editor tells when it is done with saving; without a document there is nobody to wait for.
    if (!opened(uri)) this.#settle(uri);
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
    const shown = this.#shown.get(uri.path);
    if (!shown) this.#shown.set(uri.path, new Shown(text));
    if (!shown || shown.put(text)) this.#changed.fire([{ type: FileChangeType.Changed, uri }]);
  }

  /** A document whose text is what the editor has read, and no edit of it. */
  #loaded(document: TextDocument): void {
    if (document.uri.scheme !== SCHEME || document.isDirty) return;
    this.#shown.get(document.uri.path)?.loaded(document.getText());
    this.#settle(document.uri);
  }

  #saved({ uri }: TextDocument): void {
    if (uri.scheme !== SCHEME) return;
    // Who has gone on writing reads what was made of it after the next save.
    if (!this.#dirty(uri)) this.#settle(uri);
    this.follow();
  }

  /** Whether there are edits that are not saved. The editor calls a document clean that went on while it was saved. */
  #dirty(uri: Uri): boolean {
    const document = opened(uri);
    return document !== undefined && (document.isDirty || (this.#shown.get(uri.path)?.differs(document.getText()) ?? false));
  }

  /** Shows what was made of a save. */
  #settle(uri: Uri): void {
    const made = this.#shown.get(uri.path)?.settled();
    if (made !== undefined) this.#show(uri, made);
  }

  #known(uri: Uri): Shown {
    const shown = this.#shown.get(uri.path);
    if (!shown) throw FileSystemError.FileNotFound(uri);
    return shown;
  }
}

function opened(uri: Uri): TextDocument | undefined {
  return workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
}

function name(uri: Uri): DocumentName {
  return uri.path.startsWith("/archive/") ? "archive" : "summary";
}
