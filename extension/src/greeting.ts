import type { ExtensionContext, LogOutputChannel } from "vscode";
import type { Key } from "./key";
import type { Mirror } from "./mirror";
import type { Ask } from "./sidecar";

const SESSION = "session";

/** Greets a sidecar that has just started: the key first, then the session that this window showed last. */
export function greeting(context: ExtensionContext, log: LogOutputChannel, mirror: Mirror, key: Key) {
  return async (ask: Ask): Promise<void> => {
    const secret = await key.read();
    if (secret) await ask("throughline/key", { key: secret });
    const session = remembered(context);
    try {
      if (session) return void (await mirror.load(ask("throughline/resume", { session })));
    } catch (error) {
      log.warn(`The last session was not resumed: ${error}`);
      await context.workspaceState.update(SESSION, undefined);
    }
    await mirror.load(ask("throughline/snapshot", {}));
  };
}

/** The session that this window showed last, for as long as it takes messages. */
export function remembered(context: ExtensionContext): string | undefined {
  return context.workspaceState.get<string>(SESSION);
}

/** Keeps in mind which session is shown, so that a reload or a crash leads back to it. */
export function remember(context: ExtensionContext, mirror: Mirror) {
  return mirror.onDidMove(() => {
    const { session, revision } = mirror.state;
    const id = session && !session.readonly ? session.id : undefined;
    // Below zero there is no sidecar to say so.
    if (revision >= 0 && id !== remembered(context)) void context.workspaceState.update(SESSION, id);
  });
}
