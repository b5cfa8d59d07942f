import { commands, window, type Disposable } from "vscode";
import type { App } from "../app";
import { StartError } from "../sidecar";
import { answer } from "./answer";
import { changes } from "./changes";
import { compact } from "./compact";
import { model, role } from "./crew";
import { demo } from "./demo";
import { difference } from "./difference";
import { doctor } from "./doctor";
import { drop } from "./drop";
import { end } from "./end";
import * as entry from "./entry";
import { inject } from "./inject";
import { removeKey, setKey } from "./key";
import { apply, dismiss, preview } from "./preview";
import { recall } from "./recall";
import { recording } from "./recording";
import { refresh } from "./refresh";
import { report as sessionReport } from "./report";
import { resume } from "./resume";
import { exportSession, forgetSession, openTranscript, renameSession } from "./sessions";
import { settings } from "./settings";
import { skeleton } from "./skeleton";
import { start } from "./start";
import { summary } from "./summary";
import { undo } from "./undo";
import { welcome } from "./welcome";

type Handler = (...given: never[]) => unknown;

/** Every command by its name after "throughline."; each reports its failure in one place. */
export function registerCommands(app: App): Disposable[] {
  const handlers: Record<string, Handler> = {
    chat: () => app.pages.show(),
    start: () => start(app),
    resume: (session?: unknown) => resume(app, session),
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
    pin: (node) => entry.pin(app, node, true),
    unpin: (node) => entry.pin(app, node, false),
    editEntry: (node) => entry.edit(app, node),
    resolveEntry: (node) => entry.resolve(app, node),
    reopenEntry: (node) => entry.reopen(app, node),
    recastEntry: (node) => entry.recast(app, node),
    deleteEntry: (node) => entry.remove(app, node),
    addEntry: (node) => entry.add(app, node),
    source: (node) => entry.source(app, node),
    allowOnce: () => answer(app, "once"),
    allowSession: () => answer(app, "session"),
    deny: (reason?: unknown) => answer(app, "deny", text(reason)),
    preview: () => preview(app),
    apply: () => apply(app),
    dismiss: () => dismiss(app),
    recall: (words?: unknown) => recall(app, text(words)),
    skeleton: (path?: unknown) => skeleton(app, text(path)),
    changes: (revisions?: unknown) => changes(app, text(revisions)),
    role: (name?: unknown) => role(app, text(name)),
    model: (name?: unknown) => model(app, text(name)),
    transcript: (session?: unknown) => openTranscript(app, session),
    renameSession: (session?: unknown) => renameSession(app, session),
    exportSession: (session?: unknown) => exportSession(app, session),
    summary: () => summary(app),
    archive: (line?: unknown) => app.archive.open(typeof line === "number" ? line : undefined),
    reviewArchive: () => app.archive.review(),
    acceptArchive: () => app.archive.acceptShown(),
    editArchive: () => app.archive.edit(),
    rejectArchive: () => app.archive.reject(),
    reveal: (row: string) => app.pages.reveal(row),
    report: () => sessionReport(app),
    forget: (session) => forgetSession(app, session),
    doctor: () => doctor(app),
    setKey: () => setKey(app),
    removeKey: () => removeKey(app),
    settings: () => settings(),
    log: () => app.log.show(),
    welcome: () => welcome(app),
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

/** A menu may give an object where a person gives words. */
function text(given: unknown): string | undefined {
  return typeof given === "string" ? given : undefined;
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
