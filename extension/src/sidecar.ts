import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { EventEmitter, workspace, type Disposable, type ExtensionContext, type LogOutputChannel } from "vscode";
import { CloseAction, ErrorAction, LanguageClient, Trace, TransportKind } from "vscode-languageclient/node";
import { readOptions } from "./options";
import type { Patch, Requests } from "./protocol";
import { findPython } from "./python";
import { saveAgentEdits } from "./saveAgentEdits";
import { StartError, type Status } from "./sidecarStatus";
import type { StateStore } from "./stateStore";

/** Sends one request of the protocol. */
export type SendRequest = <M extends keyof Requests>(method: M, params: Requests[M]["params"]) => Promise<Requests[M]["result"]>;

/** A second crash within this many milliseconds is not answered by another start. */
const RESTART_AGAIN_AFTER = 5 * 60_000;

/** How long a sidecar may take to answer first, in milliseconds. */
const START_TIMEOUT = 30_000;

/**
 * The sidecar's process: started when first needed, once at a time, and once more after a crash. Requests are sent by
 * what `start` returns, so that nobody can send one to a sidecar that was never started.
 */
export class Sidecar implements Disposable {
  #client: LanguageClient | undefined;
  #started: Promise<SendRequest> | undefined;
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
    readonly store: StateStore,
    /** What is sent first to a process that has started; other requests wait until it is done. */
    readonly handshake: (request: SendRequest) => Promise<void>,
  ) {}

  get status(): Status {
    return this.#status;
  }

  /** Sends requests to the sidecar that runs now, where one does. */
  get running(): SendRequest | undefined {
    return this.#status.kind === "running" ? this.#request : undefined;
  }

  /** Starts the sidecar unless it runs or is about to; what it returns outlives a crash. Throws StartError. */
  async start(): Promise<SendRequest> {
    await this.#connect();
    return this.#request;
  }

  /** Sends a request; starts the sidecar where it has ended since. Throws StartError, or what the sidecar answers. */
  readonly #request: SendRequest = async (method, params) => (await this.#connect())(method, params);

  /** The connection to the process, which is started where there is none. */
  #connect(): Promise<SendRequest> {
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

  async dispose(): Promise<void> {
    await this.#end();
    this.#changed.dispose();
    this.#lost.dispose();
  }

  async #begin(): Promise<SendRequest> {
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
        middleware: { workspace: { handleApplyEdit: saveAgentEdits } },
        markdown: { isTrusted: { enabledCommands: ["throughline.refresh", "throughline.difference"] } },
        initializationFailedHandler: () => false,
        errorHandler: {
          error: () => ({ action: ErrorAction.Continue, handled: true }),
          closed: () => {
            failure.raise("Throughline's background process ended before it answered; the log says why.");
            void this.#closed(client);
            return { action: CloseAction.DoNotRestart, handled: true };
          },
        },
      },
    );
    this.#client = client;
    client.onNotification("throughline/patch", (patch: Patch) => this.#take(patch));
    const late = setTimeout(() => failure.raise(`Throughline's background process gave no answer within ${START_TIMEOUT / 1000} s.`), START_TIMEOUT);
    await Promise.race([client.start(), failure.raised]).finally(() => clearTimeout(late));
    // A trace shows what is sent, and the key is sent.
    await client.setTrace(Trace.Off);
    const request: SendRequest = (method, params) => client.sendRequest(method, params);
    await this.handshake(request);
    this.#set({ kind: "running" });
    return request;
  }

  #read(stream: Readable): void {
    createInterface({ input: stream }).on("line", (line) => this.log.info(line));
  }

  #take(patch: Patch): void {
    if (this.store.apply(patch)) return;
    this.log.debug(`Patch ${patch.revision} does not follow on ${this.store.state.revision}: asking for a snapshot.`);
    this.store.load(this.#request("throughline/snapshot", {})).catch((error: unknown) => this.log.error(String(error)));
  }

  async #closed(client: LanguageClient): Promise<void> {
    if (client !== this.#client || this.#status.kind !== "running") return;
    const again = Date.now() - this.#crashed > RESTART_AGAIN_AFTER;
    this.#crashed = Date.now();
    this.#client = undefined;
    this.#started = undefined;
    if (again) {
      this.log.warn("The sidecar ended unexpectedly; it is started once more.");
      await this.start().catch(() => undefined);
    } else {
      const reason = "Throughline's background process ended unexpectedly, twice within a few minutes.";
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

/** What goes wrong is said in the chat or by whoever asked, once, and not by the library in a message of its own too. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** A promise that only fails, and only when it is made to. */
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
