import { window } from "vscode";
import type { App } from "../app";
import { plural } from "../numbers";
import { read } from "../reading";

/** Ends the session and writes what lasts of it into the project archive. */
export async function end(app: App): Promise<void> {
  const sure = await window.showInformationMessage(
    "End this session?",
    { modal: true, detail: "What lasts of it goes into the project archive. The session can still be read, and takes no more messages." },
    "End Session",
  );
  if (sure !== "End Session") return;
  const { tokens, proposed, report } = await app.sidecar.ask("throughline/end", {});
  app.sessions.refresh();
  const told = proposed
    ? "The session has ended. What lasts of it waits as a change of the project archive."
    : `The session has ended. The project archive holds ${plural(tokens, "token")}.`;
  const next = await window.showInformationMessage(told, proposed ? "Review Change" : "Open Archive", "Show Report");
  if (next === "Review Change") await app.archive.review();
  if (next === "Open Archive") await app.archive.open();
  if (next === "Show Report") await read(app.texts, "Session Report.md", report);
}
