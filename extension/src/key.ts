import { workspace, type ExtensionContext } from "vscode";

const NAME = "throughline.key";

/** The API key in the editor's secret storage. Its value reaches the sidecar and nothing else. */
export class Key {
  constructor(readonly context: ExtensionContext) {}

  /** The key, or an empty text; also where the editor has no keyring to ask. */
  async read(): Promise<string> {
    try {
      return (await this.context.secrets.get(NAME)) ?? "";
    } catch {
      // Without a keyring nothing is stored, and the environment's key is what remains.
      return "";
    }
  }

  async write(key: string): Promise<void> {
    await this.context.secrets.store(NAME, key);
  }

  async forget(): Promise<void> {
    await this.context.secrets.delete(NAME);
  }

  /** Whether a model can be reached: by a key here, one in the environment, or an endpoint that may want none. */
  async suffices(): Promise<boolean> {
    const endpoint = workspace.getConfiguration("throughline").get("endpoint", "");
    return Boolean(endpoint || process.env["ANTHROPIC_API_KEY"] || (await this.read()));
  }
}
