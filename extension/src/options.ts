import { workspace, type ExtensionContext } from "vscode";
import { type Options, VERSION } from "./protocol";

/** The settings as the sidecar's `initializationOptions`. */
export function readOptions(context: ExtensionContext): Options {
  const settings = workspace.getConfiguration("throughline");
  return {
    version: VERSION,
    model: settings.get("model", ""),
    compressor: settings.get("compressionModel", ""),
    endpoint: settings.get("endpoint", ""),
    window: settings.get("window", 12),
    share: settings.get("share", 0.55),
    summary: settings.get("summaryBudget", 800),
    archive: settings.get("archiveBudget", 2000),
    demo: context.asAbsolutePath("demo/session.jsonl"),
  };
}
