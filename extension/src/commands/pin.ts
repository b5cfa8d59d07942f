import type { App } from "../app";
import type { MemoryNode } from "../views/memory";

/** Pins an entry of the memory, or unpins it; a pinned one enters every summary first. */
export async function pin(app: App, node: MemoryNode | undefined, pinned: boolean): Promise<void> {
  if (node?.kind === "entry") await app.sidecar.ask("throughline/pin", { entry: node.entry.id, pinned });
}
