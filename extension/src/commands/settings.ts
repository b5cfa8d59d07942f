import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { commands, env, version, window, workspace } from "vscode";
import { running, type App } from "../app";
import { diagnosis, printed } from "../diagnosis";
import { openPreview } from "../markdownPreview";
import type { Finding } from "../protocol";
import { findPython } from "../python";
import { StartError } from "../sidecarStatus";
import { command, nothing } from "./command";

/** Commands of what Throughline needs to run: its settings, the key, the log, the background process. */
export const settingsCommands = {
  settings: command(nothing, openSettings),
  setKey: command(nothing, setKey),
  removeKey: command(nothing, removeKey),
  doctor: command(nothing, runDoctor),
  log: command(nothing, ({ log }) => log.show()),
  restart: command(nothing, ({ sidecar }) => sidecar.restart()),
  welcome: command(nothing, openWalkthrough),
};

const NO_KEYRING = "The editor could not store the key; set ANTHROPIC_API_KEY in the environment instead.";

/** How long the doctor may take where it is run beside the sidecar, in milliseconds. */
const DOCTOR_TIMEOUT = 60_000;

/** Opens the editor's settings at Throughline's. */
export async function openSettings(): Promise<void> {
  await commands.executeCommand("workbench.action.openSettings", "@ext:throughline.throughline");
}

/** Opens the walkthrough. */
async function openWalkthrough({ context }: App): Promise<void> {
  await commands.executeCommand("workbench.action.openWalkthrough", `${context.extension.id}#start`, false);
}

/** Asks for the API key and keeps it in the editor's secret storage. */
async function setKey(app: App): Promise<void> {
  const key = (
    await window.showInputBox({
      title: "API key",
      prompt: "Kept in the editor's secret storage, and used by Throughline's background process alone.",
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
  await sendKey(app, key);
}

/** Forgets the API key here and in the sidecar. */
async function removeKey(app: App): Promise<void> {
  await app.key.forget();
  await sendKey(app, "");
  void window.showInformationMessage("The API key is removed.");
}

/** Gives a running sidecar the key; one that does not run gets it in the handshake. */
async function sendKey({ sidecar, pages }: App, key: string): Promise<void> {
  await sidecar.running?.("throughline/key", { key });
  pages.tellStatus();
}

/** Checks what Throughline needs and says how to mend what it lacks, also where the sidecar does not start. */
async function runDoctor(app: App): Promise<void> {
  const remote = /^[a-z-]+$/.test(env.remoteName ?? "") ? `, in a ${env.remoteName} window` : "";
  const about = {
    editor: `${env.appName} ${version}${remote}`,
    extension: String(app.context.extension.packageJSON.version),
    stored: (await app.key.read()) !== "",
  };
  await openPreview(app.readonlyTexts, "Throughline Doctor.md", diagnosis(about, await findings(app)));
}

/** What the sidecar finds; where it does not start, that comes first, and then what its doctor finds alone. */
async function findings(app: App): Promise<Finding[]> {
  try {
    const { request } = await running(app);
    return (await request("throughline/doctor", {})).findings;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [{ what: "the background process", well: false, mend: error.message }, ...(await findingsOfCommandLine(app))];
  }
}

async function findingsOfCommandLine(app: App): Promise<Finding[]> {
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (!folder || !workspace.isTrusted) return [];
  try {
    const python = await findPython(app.context, app.log);
    const options = { cwd: folder, env: { ...python.env, COLUMNS: "1000" }, timeout: DOCTOR_TIMEOUT };
    const run = promisify(execFile)(python.command, [...python.args, "doctor", "--project", folder], options);
    // What is not well makes the exit status one.
    const { stdout } = await run.catch((error: Error & { stdout?: string }) => ({ stdout: error.stdout ?? "" }));
    return printed(stdout);
  } catch (error) {
    // There is no Python, which is why the sidecar did not start.
    app.log.debug(String(error));
    return [];
  }
}
