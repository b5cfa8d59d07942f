import { window, workspace, type ExtensionContext } from "vscode";
import type { App } from "./app";
import { Archive } from "./archive";
import { sayWhenAsked } from "./asking";
import { Pages } from "./chat/pages";
import { registerCommands } from "./commands";
import { Documents } from "./documents";
import { showFlags } from "./flags";
import { greeting, remember, remembered } from "./greeting";
import { Key } from "./key";
import { Mirror } from "./mirror";
import { showPresence } from "./presence";
import { Sidecar } from "./sidecar";
import { Texts } from "./texts";
import { showViews } from "./views";
import { showBadges } from "./views/badges";
import { SessionsView } from "./views/sessions";
import { showStatus } from "./views/status";

let sidecar: Sidecar | undefined;

export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel("Throughline", { log: true });
  const mirror = new Mirror();
  const key = new Key(context);
  sidecar = new Sidecar(context, log, mirror, greeting(context, log, mirror, key));
  const app: App = {
    ...{ context, log, mirror, key, sidecar },
    texts: new Texts(),
    documents: new Documents(() => app),
    archive: new Archive(() => app),
    pages: new Pages(context.extensionUri, () => app),
    sessions: new SessionsView(sidecar, mirror),
  };
  context.subscriptions.push(
    ...[log, mirror, app.texts, app.documents, mirror.onDidMove(() => app.documents.follow())],
    ...[showFlags(mirror), sayWhenAsked(app), showPresence(mirror), remember(context, mirror), ...showStatus(mirror)],
    ...[...showViews(app), ...showBadges(mirror)],
    ...[...app.pages.register(), ...registerCommands(app)],
    app.sidecar.onDidLose((reason) => void offerLog(app, reason)),
    workspace.onDidGrantWorkspaceTrust(() => app.sidecar.stop()),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("throughline")) void offerRestart(app);
    }),
  );
  // A window that showed a session goes on with it, hovers and stale marks included.
  if (remembered(context) && workspace.isTrusted) app.sidecar.start().catch(() => undefined);
}

export async function deactivate(): Promise<void> {
  await sidecar?.dispose();
}

/** A chat in sight says it, and offers the same. */
async function offerLog({ pages, log, sidecar }: App, reason: string): Promise<void> {
  if (pages.visible) return;
  const choice = await window.showErrorMessage(reason, "Show Log", "Restart Sidecar");
  if (choice === "Show Log") log.show();
  if (choice === "Restart Sidecar") await sidecar.restart().catch(() => undefined);
}

/** Settings reach the sidecar when it starts. */
async function offerRestart(app: App): Promise<void> {
  if (app.sidecar.status.kind === "stopped") return;
  const choice = await window.showInformationMessage("Changed settings hold once the sidecar has started again.", "Restart Sidecar");
  if (choice === "Restart Sidecar") await app.sidecar.restart().catch(() => undefined);
}
