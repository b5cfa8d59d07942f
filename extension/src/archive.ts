import { commands, Range, TabInputText, TabInputTextDiff, Uri, window, workspace } from "vscode";
import type { App } from "./app";
import { SCHEME } from "./documents";
import { plural } from "./numbers";

/** The project archive and the change of it that waits to be accepted. */
export class Archive {
  constructor(readonly app: () => App) {}

  /** Shows the change that waits, or makes one of what the session knows so far, as the difference from the file. */
  async review(): Promise<void> {
    const { base, text, waits } = await this.app().sidecar.ask("throughline/archive/propose", {});
    if (!waits) {
      const choice = await window.showInformationMessage("The project archive holds all that lasts of this session.", "Open Archive");
      if (choice === "Open Archive") await this.open();
      return;
    }
    const { texts, documents } = this.app();
    const before = texts.put("/archive/project-context.md", base);
    await commands.executeCommand("vscode.diff", before, documents.put("archive", text), "Project archive ↔ proposed change");
  }

  /** Opens the change that waits, to be edited; saving it accepts it. */
  async edit(): Promise<void> {
    const { text, waits } = await this.app().sidecar.ask("throughline/archive/change", {});
    if (!waits) throw new Error("No archive change waits to be accepted.");
    await window.showTextDocument(this.app().documents.put("archive", text), { preview: false });
    void window.showInformationMessage("Save the document to accept it as you have edited it.");
  }

  /** Writes the change that waits into the archive: as it was proposed, or as the user has edited it. */
  async accept(edited: string | null): Promise<void> {
    const { tokens } = await this.app().sidecar.ask("throughline/archive/accept", { edited });
    this.app().sessions.refresh();
    // A document that is being saved is closed once it is.
    setTimeout(() => void this.#close());
    void this.#offer(`The project archive holds ${plural(tokens, "token")}.`);
  }

  /** Accepts what the open document says, where it has been edited. */
  async acceptShown(): Promise<void> {
    const uri = this.app().documents.uri("archive");
    const open = workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
    if (open?.isDirty) await open.save();
    else await this.accept(null);
  }

  /** Lets go of the change that waits. */
  async reject(): Promise<void> {
    const sure = await window.showWarningMessage(
      "Reject this archive change?",
      { modal: true, detail: "What the session would add to the project archive is let go. The session itself keeps it." },
      "Reject",
    );
    if (sure !== "Reject") return;
    await this.app().sidecar.ask("throughline/archive/reject", {});
    await this.#close();
  }

  /** Opens the archive's file, at a line where one is given. */
  async open(line?: number): Promise<void> {
    const { uri } = this.app().mirror.state.archive;
    if (!uri) throw new Error("There is no session: start one, or play the recorded demo.");
    const at = new Range((line ?? 1) - 1, 0, (line ?? 1) - 1, 0);
    await window.showTextDocument(Uri.parse(uri), { selection: at }).then(undefined, () => {
      throw new Error("This project has no archive yet: it is written when a session ends.");
    });
  }

  async #offer(said: string): Promise<void> {
    if ((await window.showInformationMessage(said, "Open Archive")) === "Open Archive") await this.open();
  }

  /** Closes the editors of a change that is settled. */
  async #close(): Promise<void> {
    const settled = window.tabGroups.all
      .flatMap(({ tabs }) => tabs)
      .filter(({ input }) => {
        const uri = input instanceof TabInputTextDiff ? input.modified : input instanceof TabInputText ? input.uri : undefined;
        return uri?.scheme === SCHEME && uri.path.startsWith("/archive/");
      });
    for (const { input } of settled) {
      const uri = input instanceof TabInputTextDiff ? input.modified : (input as TabInputText).uri;
      const open = workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
      if (open?.isDirty) return;
    }
    await window.tabGroups.close(settled);
  }
}
