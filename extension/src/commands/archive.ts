import { commands, Range, Uri, window, workspace } from "vscode";
import { running, type App, type RunningApp } from "../app";
import { plural } from "../numbers";
import { command, lineNumber, nothing, runningCommand } from "./command";

/** Commands of the project archive, and of the change of it that waits to be accepted. */
export const archiveCommands = {
  archive: command(lineNumber, openArchive),
  reviewArchive: runningCommand(nothing, reviewArchive),
  acceptArchive: runningCommand(nothing, acceptShown),
  editArchive: runningCommand(nothing, edit),
  rejectArchive: runningCommand(nothing, reject),
};

/** Opens the archive's file, at a line where one is given. */
export async function openArchive({ store }: App, line = 1): Promise<void> {
  const { uri } = store.state.archive;
  if (!uri) throw new Error("There is no session: start one, or play the recorded demo.");
  const selection = new Range(line - 1, 0, line - 1, 0);
  await window.showTextDocument(Uri.parse(uri), { selection }).then(undefined, () => {
    throw new Error("This project has no archive yet: it is written when a session ends.");
  });
}

/** Shows the change that waits, or makes one of what the session knows so far, as the difference from the file. */
export async function reviewArchive(app: RunningApp): Promise<void> {
  const { base, text, waits } = await app.request("throughline/archive/propose", {});
  if (!waits) {
    const choice = await window.showInformationMessage("The project archive holds all that lasts of this session.", "Open Archive");
    if (choice === "Open Archive") await openArchive(app);
    return;
  }
  const before = app.readonlyTexts.put("/archive/project-context.md", base);
  await commands.executeCommand("vscode.diff", before, app.documents.put("archive", text), "Project archive ↔ proposed change");
}

/** Writes the change that waits into the archive: as it was proposed, or as the user has edited it. */
export async function acceptArchive(app: App, edited: string | null): Promise<void> {
  const { request } = await running(app);
  const { tokens } = await request("throughline/archive/accept", { edited });
  app.sessions.refresh();
  // A document that is being saved is closed once it is.
  setTimeout(() => void app.documents.close("archive"));
  void offerArchive(app, `The project archive holds ${plural(tokens, "token")}.`);
}

async function offerArchive(app: App, message: string): Promise<void> {
  if ((await window.showInformationMessage(message, "Open Archive")) === "Open Archive") await openArchive(app);
}

/** Accepts what the open document says, where it has been edited. */
async function acceptShown(app: RunningApp): Promise<void> {
  const uri = app.documents.uri("archive");
  const open = workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  if (open?.isDirty) await open.save();
  else await acceptArchive(app, null);
}

/** Opens the change that waits, to be edited; saving it accepts it. */
async function edit({ request, documents }: RunningApp): Promise<void> {
  const { text, waits } = await request("throughline/archive/change", {});
  if (!waits) throw new Error("No archive change waits to be accepted.");
  await window.showTextDocument(documents.put("archive", text), { preview: false });
  void window.showInformationMessage("Save the document to accept it as you have edited it.");
}

/** Lets go of the change that waits. */
async function reject({ request, documents }: RunningApp): Promise<void> {
  const sure = await window.showWarningMessage(
    "Reject this archive change?",
    { modal: true, detail: "What the session would add to the project archive is let go. The session itself keeps it." },
    "Reject",
  );
  if (sure !== "Reject") return;
  await request("throughline/archive/reject", {});
  await documents.close("archive");
}
