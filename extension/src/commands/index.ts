import { commands, window, type Disposable } from "vscode";
import type { App } from "../app";
import { StartError } from "../sidecarStatus";
import { archiveCommands } from "./archive";
import type { Command } from "./command";
import { compactionCommands } from "./compaction";
import { fileCommands } from "./files";
import { memoryCommands } from "./memory";
import { sessionCommands } from "./session";
import { openSettings, settingsCommands } from "./settings";

/** Every command by its name after "throughline."; package.json says where each is offered. */
export const COMMANDS = {
  ...sessionCommands,
  ...compactionCommands,
  ...fileCommands,
  ...memoryCommands,
  ...archiveCommands,
  ...settingsCommands,
} satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;

/** Registers every command; each reports its failure in one place. */
export function registerCommands(app: App): Disposable[] {
  return Object.entries(COMMANDS).map(([name, run]) =>
    commands.registerCommand(`throughline.${name}`, async (...given: unknown[]) => {
      try {
        await run(app, given);
      } catch (error) {
        await report(app, error);
      }
    }),
  );
}

/** Says what went wrong, and offers what helps. */
async function report(app: App, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  app.log.error(message);
  const fixes = error instanceof StartError ? ["Open Settings", "Show Log"] : ["Show Log"];
  const fix = await window.showErrorMessage(message, ...fixes);
  if (fix === "Show Log") app.log.show();
  if (fix === "Open Settings") await openSettings();
}
