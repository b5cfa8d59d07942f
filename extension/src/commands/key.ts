import { window } from "vscode";
import type { App } from "../app";

const NO_KEYRING = "The editor could not store the key; set ANTHROPIC_API_KEY in the environment instead.";

/** Asks for the API key and keeps it in the editor's secret storage. */
export async function setKey(app: App): Promise<void> {
  const key = (
    await window.showInputBox({
      title: "API key",
      prompt: "Kept in the editor's secret storage, and used by the sidecar alone.",
      password: true,
      ignoreFocusOut: true,
    })
  )?.trim();
  if (!key) return;
  try {
    await app.key.write(key);
  } catch (error) {
    throw new Error(NO_KEYRING, { cause: error });
  }
  await app.sidecar.tell("throughline/key", { key });
  app.pages.tellStatus();
}

/** Forgets the API key here and in the sidecar. */
export async function removeKey(app: App): Promise<void> {
  await app.key.forget();
  await app.sidecar.tell("throughline/key", { key: "" });
  app.pages.tellStatus();
  void window.showInformationMessage("The API key is removed.");
}
