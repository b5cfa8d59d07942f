import type { App } from "../app";

/** Undoes a compaction, or the last one. */
export async function undo(app: App, compaction?: string): Promise<void> {
  await app.sidecar.ask("throughline/undo", { compaction: typeof compaction === "string" ? compaction : "" });
}
