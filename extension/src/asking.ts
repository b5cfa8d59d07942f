import { window, type Disposable } from "vscode";
import type { App } from "./app";
import { question, wanted } from "./leave";

/** Says that the agent waits for an answer where no chat is in sight, once for each question. */
export function sayWhenAsked(app: App): Disposable {
  let said = "";
  return app.mirror.onDidMove(() => {
    const row = question(app.mirror.state);
    if (!row || row.id === said) return;
    said = row.id;
    if (app.pages.visible) return;
    void window.showInformationMessage(`Throughline asks whether it may ${wanted(row)}.`, "Show").then((choice) => {
      if (choice === "Show") app.pages.reveal(row.id);
    });
  });
}
