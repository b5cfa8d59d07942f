import type { ExtensionContext, LogOutputChannel } from "vscode";
import type { Pages } from "./chat/pages";
import type { Documents } from "./documents";
import type { Key } from "./key";
import type { ReadonlyTexts } from "./readonlyTexts";
import type { SendRequest, Sidecar } from "./sidecar";
import type { StateStore } from "./stateStore";
import type { SessionsView } from "./views/sessions";

/** The parts of the extension, as commands and views are given them. The sidecar may run or not. */
export interface App {
  context: ExtensionContext;
  log: LogOutputChannel;
  /** What the sidecar said last; it can be read where no sidecar runs. */
  store: StateStore;
  sidecar: Sidecar;
  key: Key;
  readonlyTexts: ReadonlyTexts;
  documents: Documents;
  pages: Pages;
  sessions: SessionsView;
}

/** The same where a sidecar runs: only here is there a way to send it requests. */
export interface RunningApp extends App {
  request: SendRequest;
}

/** Starts the sidecar unless it runs. Throws StartError. */
export async function running(app: App): Promise<RunningApp> {
  return { ...app, request: await app.sidecar.start() };
}
