import { commands, Uri, window, workspace } from "vscode";
import type { App } from "../app";
import { plural } from "../numbers";

/** Ends the session and writes what lasts of it into the project archive. */
export async function end(app: App): Promise<void> {
  const sure = await window.showInformationMessage(
    "End this session?",
    { modal: true, detail: "What lasts of it is written to the project archive. The session can still be read, and takes no more messages." },
    "End Session",
  );
  if (sure !== "End Session") return;
  const { path, tokens, report } = await app.sidecar.ask("throughline/end", {});
  app.sessions.refresh();
  const next = await window.showInformationMessage(
    `The session has ended. The project archive holds ${plural(tokens, "token")}.`,
    "Open Archive",
    "Show Report",
  );
  if (next === "Open Archive") await window.showTextDocument(archive(path));
  if (next === "Show Report") await commands.executeCommand("markdown.showPreview", app.texts.put("Session Report.md", report));
}

/** The archive's address: its path is absolute or from the first folder. */
function archive(path: string): Uri {
  const folder = workspace.workspaceFolders?.[0];
  return folder && !path.startsWith("/") ? Uri.joinPath(folder.uri, path) : Uri.file(path);
}
