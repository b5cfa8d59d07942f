import { workspace, type ExtensionContext } from "vscode";
import { type Options, SETTINGS, VERSION } from "./protocol";

/** What of the options is a setting. */
type Settings = Omit<Options, "version" | "demo">;

/** The settings as the sidecar's `initializationOptions`. */
export function readOptions(context: ExtensionContext): Options {
  const settings = workspace.getConfiguration("throughline");
  const read = Object.entries(SETTINGS).map(([option, [name, usual]]) => [option, settings.get(name, usual)]);
  return { version: VERSION, demo: context.asAbsolutePath("demo/session.jsonl"), ...(Object.fromEntries(read) as Settings) };
}
