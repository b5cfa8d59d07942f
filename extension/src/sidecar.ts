import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { EventEmitter, workspace, type Disposable, type ExtensionContext, type LogOutputChannel } from "vscode";
import { CloseAction, ErrorAction, LanguageClient, Trace, TransportKind } from "vscode-languageclient/node";
import type { Mirror } from "./mirror";
import { readOptions } from "./options";
import type { Patch, Requests } from "./protocol";
import { findPython } from "./python";
import { saved } from "./saving";
import type { Status } from "./status";

/** Sends one request of the protocol. */
export type Ask = <M extends keyof Requests>(method: M, params: Requests[M]["params"]) => Promise<Requests[M]["result"]>;

/** The sidecar cannot run; the message is one sentence that says why. */
export class StartError extends Error {}

/** A second crash within this many milliseconds is not answered by another start. */
const QUIET = 5 * 60_000;

/** How long a sidecar may take to answer first, in milliseconds. */
const PATIENCE = 30_000;

/** The sidecar's process: started when first asked, once at a time, and once more after a crash. */
export class Sidecar implements Disposable {
  #client: LanguageClient | undefined;
  #started: Promise<Ask> | undefined;
  #status: Status = { kind: "stopped" };
  #crashed = -Infinity;
  readonly #changed = new EventEmitter<Status>();
  readonly onDidChangeStatus = this.#changed.event;
  readonly #lost = new EventEmitter<string>();
  /** It crashed and is not started again; says why, in one sentence. */
  readonly onDidLose = this.#lost.event;

  constructor(
    readonly context: ExtensionContext,
    readonly log: LogOutputChannel,
    readonly mirror: Mirror,
    /** What a sidecar is told first, before any request waits no longer. */
    readonly greet: (ask: Ask) => Promise<void>,
  ) {}

  get status(): Status {
    return this.#status;
  }

  /** Sends a request; starts the sidecar where none runs. Throws StartError, or what the sidecar answers. */
  readonly ask: Ask = async (method, params) => (await this.start())(method, params);

  /** Starts the sidecar unless it runs or is about to. Throws StartError. */
  start(): Promise<Ask> {
    this.#started ??= this.#begin().catch(async (error: unknown) => {
      this.#started = undefined;
      await this.#end();
      const reason = error instanceof Error ? error.message : String(error);
      this.log.error(reason);
      this.#set({ kind: "failed", reason });
      throw new StartError(reason, { cause: error });
    });
    return this.#started;
  }

  /** Ends the sidecar and starts another. Throws StartError. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Ends the sidecar; what it does is written to its log first. */
  async stop(): Promise<void> {
    await this.#started?.catch(() => undefined);
    this.#started = undefined;
    await this.#end();
    this.#set({ kind: "stopped" });
  }

  /** Tells a running sidecar something; one that does not run learns it when it is greeted. */
  async tell(...[method, params]: Parameters<Ask>): Promise<void> {
    if (this.#status.kind === "running") await this.ask(method, params);
  }

  async dispose(): Promise<void> {
    await this.#end();
    this.#changed.dispose();
    this.#lost.dispose();
  }

  async #begin(): Promise<Ask> {
    if (!workspace.isTrusted) throw new StartError("Throughline runs only in a workspace that you trust.");
    const folder = workspace.workspaceFolders?.[0];
    if (!folder) throw new StartError("Open a folder first: a session works in one.");
    this.#set({ kind: "starting" });
    const failure = new Failure();
    const { command, args, env } = await findPython(this.context, this.log);
    const client = new QuietClient(
      "throughline",
      "Throughline",
      {
        command,
        args: [...args, "serve"],
        options: { cwd: folder.uri.fsPath, env },
        transport: TransportKind.stdio,
      },
      {
        documentSelector: [{ scheme: "file" }],
        initializationOptions: readOptions(this.context),
        outputChannel: this.log,
        // What the sidecar logs comes by stderr, whatever its level.
        stdioOptions: { stdout: () => undefined, stderr: (stream) => this.#read(stream) },
        middleware: { workspace: { handleApplyEdit: saved } },
        markdown: { isTrusted: { enabledCommands: ["throughline.refresh", "throughline.difference"] } },
        initializationFailedHandler: () => false,
        errorHandler: {
          error: () => ({ action: ErrorAction.Continue, handled: true }),
          closed: () => {
            failure.raise("The sidecar ended before it answered; the log says why.");
            void this.#closed(client);
            return { action: CloseAction.DoNotRestart, handled: true };
          },
        },
      },
    );
    this.#client = client;
    client.onNotification("throughline/patch", (patch: Patch) => this.#take(patch));
    const late = setTimeout(() => failure.raise(`The sidecar gave no answer within ${PATIENCE / 1000} s.`), PATIENCE);
    await Promise.race([client.start(), failure.raised]).finally(() => clearTimeout(late));
    // A trace shows what is sent, and the key is sent.
    await client.setTrace(Trace.Off);
    const ask: Ask = (method, params) => client.sendRequest(method, params);
    await this.greet(ask);
    this.#set({ kind: "running" });
    return ask;
  }

  #read(stream: Readable): void {
    createInterface({ input: stream }).on("line", (line) => this.log.info(line));
  }

  #take(patch: Patch): void {
    if (this.mirror.take(patch)) return;
    this.log.debug(`Patch ${patch.revision} does not follow on ${this.mirror.state.revision}: asking for a snapshot.`);
    this.mirror.load(this.ask("throughline/snapshot", {})).catch((error: unknown) => this.log.error(String(error)));
  }

  async #closed(client: LanguageClient): Promise<void> {
    if (client !== this.#client || this.#status.kind !== "running") return;
    const again = Date.now() - this.#crashed > QUIET;
    this.#crashed = Date.now();
    this.#client = undefined;
    this.#started = undefined;
    if (again) {
      this.log.warn("The sidecar ended unexpectedly; it is started once more.");
      await this.start().catch(() => undefined);
    } else {
      const reason = "The sidecar ended unexpectedly, twice within a few minutes.";
      this.#set({ kind: "failed", reason });
      this.#lost.fire(reason);
    }
  }

  async #end(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    const process = client?.serverProcess;
    await client?.dispose().catch((error: unknown) => {
      this.log.debug(`The sidecar is ended by force: ${error}`);
      process?.kill();
    });
  }

  #set(status: Status): void {
    this.#status = status;
    this.#changed.fire(status);
  }
}

/** What goes wrong is told in the chat or by whoever asked, once, and not by the library in a message of its own too. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** A promise that only fails, and only when it is told to. */
class Failure {
  #reject: (reason: Error) => void = () => undefined;
  readonly raised = new Promise<never>((_, reject) => {
    this.#reject = reject;
  });

  constructor() {
    // Raised after the race is won, it concerns nobody.
    this.raised.catch(() => undefined);
  }

  raise(reason: string): void {
    this.#reject(new StartError(reason));
  }
}
