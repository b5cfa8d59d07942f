import type { ExtensionContext, LogOutputChannel } from "vscode";
import type { Key } from "./key";
import type { SendRequest } from "./sidecar";
import type { StateStore } from "./stateStore";

const SESSION = "session";

/** What a sidecar that has just started is sent: the key first, then the session that this window showed last. */
export function handshake(context: ExtensionContext, log: LogOutputChannel, store: StateStore, key: Key) {
  return async (request: SendRequest): Promise<void> => {
    const secret = await key.read();
    if (secret) await request("throughline/key", { key: secret });
    const session = lastSession(context);
    try {
      if (session) return void (await store.load(request("throughline/resume", { session })));
    } catch (error) {
      log.warn(`The last session was not resumed: ${error}`);
      await context.workspaceState.update(SESSION, undefined);
    }
    await store.load(request("throughline/snapshot", {}));
  };
}

/** The session that this window showed last, for as long as it takes messages. */
export function lastSession(context: ExtensionContext): string | undefined {
  return context.workspaceState.get<string>(SESSION);
}

/** Keeps in mind which session is shown, so that a reload or a crash leads back to it. */
export function rememberSession(context: ExtensionContext, store: StateStore) {
  return store.onDidChange(() => {
    const { session, revision } = store.state;
    const id = session && !session.readonly ? session.id : undefined;
    // Below zero there is no sidecar to say so.
    if (revision >= 0 && id !== lastSession(context)) void context.workspaceState.update(SESSION, id);
  });
}
