import { window, workspace, type ExtensionContext } from "vscode";
import type { App } from "./app";
import { notifyWhenApprovalIsNeeded } from "./approvalNotification";
import { Pages } from "./chat/pages";
import { registerCommands } from "./commands";
import { followContextKeys } from "./contextKeys";
import { Documents } from "./documents";
import { handshake, lastSession, rememberSession } from "./handshake";
import { Key } from "./key";
import { ReadonlyTexts } from "./readonlyTexts";
import { Sidecar } from "./sidecar";
import { StateStore } from "./stateStore";
import { showViews } from "./views";
import { showBadges } from "./views/badges";
import { SessionsView } from "./views/sessions";
import { showStatusBarItem } from "./views/statusBarItem";

const RESTART = "Restart Background Process";

let sidecar: Sidecar | undefined;

export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel("Throughline", { log: true });
  const store = new StateStore();
  const key = new Key(context);
  sidecar = new Sidecar(context, log, store, handshake(context, log, store, key));
  const app: App = {
    ...{ context, log, store, key, sidecar },
    readonlyTexts: new ReadonlyTexts(),
    documents: new Documents(() => app),
    pages: new Pages(context.extensionUri, () => app),
    sessions: new SessionsView(sidecar, store),
  };
  context.subscriptions.push(
    ...[log, store, app.readonlyTexts, app.documents, store.onDidChange(() => app.documents.follow())],
    ...[followContextKeys(store), notifyWhenApprovalIsNeeded(app), rememberSession(context, store), ...showStatusBarItem(store)],
    ...[...showViews(app), ...showBadges(store)],
    ...[...app.pages.register(), ...registerCommands(app)],
    app.sidecar.onDidLose((reason) => void offerLog(app, reason)),
    workspace.onDidGrantWorkspaceTrust(() => app.sidecar.stop()),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("throughline")) void offerRestart(app);
    }),
  );
  // A window that showed a session goes on with it, hovers and stale marks included.
  if (lastSession(context) && workspace.isTrusted) app.sidecar.start().catch(() => undefined);
}

export async function deactivate(): Promise<void> {
  await sidecar?.dispose();
}

/** A chat in sight says it, and offers the same. */
async function offerLog({ pages, log, sidecar }: App, reason: string): Promise<void> {
  if (pages.visible) return;
  const choice = await window.showErrorMessage(reason, "Show Log", RESTART);
  if (choice === "Show Log") log.show();
  if (choice === RESTART) await sidecar.restart().catch(() => undefined);
}

/** Settings reach the sidecar when it starts. */
async function offerRestart(app: App): Promise<void> {
  if (app.sidecar.status.kind === "stopped") return;
  const choice = await window.showInformationMessage("Changed settings take effect once Throughline's background process has restarted.", RESTART);
  if (choice === RESTART) await app.sidecar.restart().catch(() => undefined);
}
