/** The part of the editor's interface that commands use, without an editor: what is registered, run and said is kept. */

export class Uri {
  private constructor(
    readonly scheme: string,
    readonly path: string,
  ) {}

  static parse(text: string): Uri {
    const [, scheme = "file", path = text] = /^([a-z-]+):\/\/(.*)$/.exec(text) ?? [];
    return new Uri(scheme, path);
  }

  static joinPath(base: Uri, ...parts: string[]): Uri {
    return new Uri(base.scheme, [base.path, ...parts].join("/"));
  }

  get fsPath(): string {
    return this.path;
  }

  toString(): string {
    return `${this.scheme}://${this.path}`;
  }
}

type Handler = (...given: unknown[]) => Promise<void>;

export const commands = {
  registered: new Map<string, Handler>(),
  /** The commands of the editor that were run, with their arguments. */
  executed: [] as unknown[][],
  registerCommand(name: string, run: Handler) {
    commands.registered.set(name, run);
    return { dispose: () => commands.registered.delete(name) };
  },
  async executeCommand(...call: unknown[]) {
    commands.executed.push(call);
  },
};

export const window = {
  activeTextEditor: undefined as { document: { uri: Uri } } | undefined,
  /** What was said, each with the buttons that it offered. */
  said: [] as string[][],
  /** The dialogs that asked for a file, each closed without one. */
  dialogs: [] as { filters?: Record<string, string[]> }[],
  async showOpenDialog(options: { filters?: Record<string, string[]> }) {
    window.dialogs.push(options);
    return undefined;
  },
  async showErrorMessage(...words: string[]) {
    window.said.push(words);
  },
  async showInformationMessage(...words: string[]) {
    window.said.push(words);
  },
};

export class EventEmitter<T> {
  readonly #listeners: ((event: T) => void)[] = [];
  readonly event = (listener: (event: T) => void) => {
    this.#listeners.push(listener);
    return { dispose: () => undefined };
  };

  fire(event: T): void {
    for (const listener of this.#listeners) listener(event);
  }

  dispose(): void {}
}

export class Range {}
export class ThemeIcon {}
export class TreeItem {}
export const workspace = {};
export const env = {};
export const version = "";
export const ProgressLocation = { Window: 10, Notification: 15 };
