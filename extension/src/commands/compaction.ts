import { window } from "vscode";
import type { RunningApp } from "../app";
import { openPreview } from "../markdownPreview";
import { nothing, runningCommand, words } from "./command";

/** Commands of compactions: now, previewed, and taken back. */
export const compactionCommands = {
  compact: runningCommand(nothing, compact),
  undo: runningCommand(words, undo),
  preview: runningCommand(nothing, preview),
  apply: runningCommand(nothing, apply),
  dismiss: runningCommand(nothing, dismiss),
};

/** Compacts now; says why where there is nothing to gain. */
async function compact({ request }: RunningApp): Promise<void> {
  const { made, reason } = await request("throughline/compact", {});
  if (!made) void window.showInformationMessage(reason || "There is nothing to compact.");
}

/** Undoes a compaction, or the last one. */
async function undo({ request }: RunningApp, compaction = ""): Promise<void> {
  await request("throughline/undo", { compaction });
}

/** Shows what a compaction would do, as a document; the chat's row applies or dismisses it. */
async function preview({ request, readonlyTexts }: RunningApp): Promise<void> {
  const { markdown } = await request("throughline/preview/show", {});
  await openPreview(readonlyTexts, "Compaction Preview.md", markdown);
}

/** Does the compaction that was shown; says why where that cannot be done any more. */
async function apply({ request }: RunningApp): Promise<void> {
  const { made, reason } = await request("throughline/preview/apply", {});
  if (!made) void window.showInformationMessage(reason);
}

/** Lets go of the compaction that waits for approval. */
async function dismiss({ request }: RunningApp): Promise<void> {
  await request("throughline/preview/dismiss", {});
}
