import type { ExtensionContext, LogOutputChannel } from "vscode";
import type { Archive } from "./archive";
import type { Pages } from "./chat/pages";
import type { Documents } from "./documents";
import type { Key } from "./key";
import type { Mirror } from "./mirror";
import type { Sidecar } from "./sidecar";
import type { Texts } from "./texts";
import type { SessionsView } from "./views/sessions";

/** The parts of the extension, as commands and views are given them. */
export interface App {
  context: ExtensionContext;
  log: LogOutputChannel;
  mirror: Mirror;
  sidecar: Sidecar;
  key: Key;
  texts: Texts;
  documents: Documents;
  archive: Archive;
  pages: Pages;
  sessions: SessionsView;
}
