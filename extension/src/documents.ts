import {
  EventEmitter,
  FileChangeType,
  FilePermission,
  FileSystemError,
  FileType,
  TabInputText,
  TabInputTextDiff,
  Uri,
  window,
  workspace,
  type Disposable,
  type FileChangeEvent,
  type FileStat,
  type FileSystemProvider,
  type TextDocument,
} from "vscode";
import { running, type App } from "./app";
import { acceptArchive } from "./commands/archive";
import { DocumentVersions } from "./documentVersions";

const SCHEME = "throughline";

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
  readonly #versions = new Map<string, DocumentVersions>();
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
    const { session } = this.app().store.state;
    if (!session) throw new Error("There is no session: start one, or play the recorded demo.");
    return Uri.from({ scheme: SCHEME, path: `/${name}/${session.id}/${this.#source(name).name}` });
  }

  /** Shows another text, unless somebody is in the middle of an edit. */
  put(name: DocumentName, text: string): Uri {
    const uri = this.uri(name);
    if (!this.#dirty(uri)) this.#show(uri, text);
    return uri;
  }

  /** Closes the editors of a text, unless one of them has edits that are not saved. */
  async close(name: DocumentName): Promise<void> {
    const tabs = window.tabGroups.all
      .flatMap((group) => group.tabs)
      .map((tab) => ({ tab, uri: shownIn(tab.input) }))
      .filter(({ uri }) => uri?.scheme === SCHEME && nameOf(uri) === name);
    if (tabs.some(({ uri }) => uri && opened(uri)?.isDirty)) return;
    await window.tabGroups.close(tabs.map(({ tab }) => tab));
  }

  /** Keeps the summary in step with what the sidecar says. */
  follow(): void {
    const { session, memory } = this.app().store.state;
    if (session) this.put("summary", memory.summary);
  }

  stat(uri: Uri): FileStat {
    const { text, modified } = this.#known(uri).version(this.#dirty(uri));
    const readonly = this.#source(nameOf(uri)).readonly ? { permissions: FilePermission.Readonly } : {};
    return { type: FileType.File, ctime: 0, mtime: modified, size: Buffer.byteLength(text), ...readonly };
  }

  readFile(uri: Uri): Uint8Array {
    return Buffer.from(this.#known(uri).version(false).text);
  }

  async writeFile(uri: Uri, content: Uint8Array): Promise<void> {
    const versions = this.#known(uri);
    if (uri.path !== this.uri(nameOf(uri)).path) throw new Error("Its session is not open any more: nothing was saved.");
    const edited = Buffer.from(content).toString("utf8");
    const made = await this.#source(nameOf(uri)).save(versions.base, edited);
    versions.saved(edited, made);
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
    const { store } = this.app();
    switch (name) {
      case "summary":
        return {
          name: "Rolling Summary.md",
          readonly: store.state.session?.readonly ?? true,
          save: async (base, edited) => {
            const { request } = await running(this.app());
            return (await request("throughline/ledger/rewrite", { base, edited })).summary;
          },
        };
      case "archive":
        return {
          name: "project-context.md",
          readonly: store.state.archive.pending === null,
          save: async (_, edited) => {
            await acceptArchive(this.app(), edited);
            return edited;
          },
        };
      default:
        return name satisfies never;
    }
  }

  #show(uri: Uri, text: string): void {
    const versions = this.#versions.get(uri.path);
    if (!versions) this.#versions.set(uri.path, new DocumentVersions(text));
    if (!versions || versions.put(text)) this.#changed.fire([{ type: FileChangeType.Changed, uri }]);
  }

  /** A document whose text is what the editor has read, and no edit of it. */
  #loaded(document: TextDocument): void {
    if (document.uri.scheme !== SCHEME || document.isDirty) return;
    this.#versions.get(document.uri.path)?.loaded(document.getText());
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
    return document !== undefined && (document.isDirty || (this.#versions.get(uri.path)?.differs(document.getText()) ?? false));
  }

  /** Shows what was made of a save. */
  #settle(uri: Uri): void {
    const made = this.#versions.get(uri.path)?.settled();
    if (made !== undefined) this.#show(uri, made);
  }

  #known(uri: Uri): DocumentVersions {
    const versions = this.#versions.get(uri.path);
    if (!versions) throw FileSystemError.FileNotFound(uri);
    return versions;
  }
}

function opened(uri: Uri): TextDocument | undefined {
  return workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
}

function nameOf(uri: Uri): DocumentName {
  return uri.path.startsWith("/archive/") ? "archive" : "summary";
}

/** The text that a tab shows to be edited: in a diff, the right side. */
function shownIn(input: unknown): Uri | undefined {
  if (input instanceof TabInputTextDiff) return input.modified;
  return input instanceof TabInputText ? input.uri : undefined;
}
