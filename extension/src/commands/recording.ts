import { window } from "vscode";
import type { App } from "../app";

/** Opens a session that another tool recorded, to be read with its summary. */
export async function recording(app: App): Promise<void> {
  const [file] =
    (await window.showOpenDialog({
      title: "Open a recorded session",
      openLabel: "Open",
      filters: { "Recorded sessions": ["jsonl", "json"], "All files": ["*"] },
    })) ?? [];
  if (!file) return;
  await app.mirror.load(app.sidecar.ask("throughline/recording", { path: file.fsPath }));
  app.pages.show();
}
