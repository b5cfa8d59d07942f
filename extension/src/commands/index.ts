import { commands, window, type Disposable } from "vscode";
import type { App } from "../app";
import { StartError } from "../sidecar";
import { compact } from "./compact";
import { demo } from "./demo";
import { difference } from "./difference";
import { drop } from "./drop";
import { end } from "./end";
import { inject } from "./inject";
import { removeKey, setKey } from "./key";
import { pin } from "./pin";
import { recording } from "./recording";
import { refresh } from "./refresh";
import { resume } from "./resume";
import { settings } from "./settings";
import { start } from "./start";
import { undo } from "./undo";

type Handler = (...given: never[]) => unknown;

/** Every command by its name after "throughline."; each reports its failure in one place. */
export function registerCommands(app: App): Disposable[] {
  const handlers: Record<string, Handler> = {
    chat: () => app.pages.show(),
    start: () => start(app),
    resume: (session?: string) => resume(app, session),
    compact: () => compact(app),
    undo: (compaction?: string) => undo(app, compaction),
    end: () => end(app),
    demo: () => demo(app),
    recording: () => recording(app),
    injectSkeleton: (...given: unknown[]) => inject(app, "skeleton", given),
    injectFull: (...given: unknown[]) => inject(app, "full", given),
    drop: (...given: unknown[]) => drop(app, given),
    refresh: (...given: unknown[]) => refresh(app, given),
    difference: (...given: unknown[]) => difference(app, given),
    pin: (node) => pin(app, node, true),
    unpin: (node) => pin(app, node, false),
    reveal: (row: string) => app.pages.reveal(row),
    setKey: () => setKey(app),
    removeKey: () => removeKey(app),
    settings: () => settings(),
    log: () => app.log.show(),
    restart: () => app.sidecar.restart(),
  };
  return Object.entries(handlers).map(([name, handler]) =>
    commands.registerCommand(`throughline.${name}`, async (...given: unknown[]) => {
      try {
        await handler(...(given as never[]));
      } catch (error) {
        await report(app, error);
      }
    }),
  );
}

/** Says what went wrong, and offers what helps. */
async function report(app: App, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  app.log.error(message);
  const fixes = error instanceof StartError ? ["Open Settings", "Show Log"] : ["Show Log"];
  const fix = await window.showErrorMessage(message, ...fixes);
  if (fix === "Show Log") app.log.show();
  if (fix === "Open Settings") await settings();
}
