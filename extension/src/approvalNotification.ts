import { window, type Disposable } from "vscode";
import type { App } from "./app";
import { pendingApproval, describeRequest } from "./approval";

/** Says that the agent waits for an answer where no chat is in sight, once for each question. */
export function notifyWhenApprovalIsNeeded(app: App): Disposable {
  let said = "";
  return app.store.onDidChange(() => {
    const row = pendingApproval(app.store.state);
    if (!row || row.id === said) return;
    said = row.id;
    if (app.pages.visible) return;
    void window.showInformationMessage(`Throughline asks whether it may ${describeRequest(row)}.`, "Show").then((choice) => {
      if (choice === "Show") app.pages.reveal(row.id);
    });
  });
}
