import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { env, version, workspace } from "vscode";
import type { App } from "../app";
import { diagnosis, printed } from "../diagnosis";
import type { Finding } from "../protocol";
import { findPython } from "../python";
import { read } from "../reading";
import { StartError } from "../sidecar";

/** How long the doctor may take where it is run beside the sidecar, in milliseconds. */
const PATIENCE = 60_000;

/** Looks at what Throughline needs and says how to mend what it lacks, also where the sidecar does not start. */
export async function doctor(app: App): Promise<void> {
  const remote = /^[a-z-]+$/.test(env.remoteName ?? "") ? `, in a ${env.remoteName} window` : "";
  const about = {
    editor: `${env.appName} ${version}${remote}`,
    extension: String(app.context.extension.packageJSON.version),
    stored: (await app.key.read()) !== "",
  };
  await read(app.texts, "Throughline Doctor.md", diagnosis(about, await examined(app)));
}

/** What the sidecar finds; where it does not start, that comes first, and then what its doctor finds alone. */
async function examined(app: App): Promise<Finding[]> {
  try {
    return (await app.sidecar.ask("throughline/doctor", {})).findings;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [{ what: "the sidecar", well: false, mend: error.message }, ...(await alone(app))];
  }
}

async function alone(app: App): Promise<Finding[]> {
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (!folder || !workspace.isTrusted) return [];
  try {
    const { command, args, env } = await findPython(app.context, app.log);
    const options = { cwd: folder, env: { ...env, COLUMNS: "1000" }, timeout: PATIENCE };
    const run = promisify(execFile)(command, [...args, "doctor", "--project", folder], options);
    // What is not well makes the exit status one.
    const { stdout } = await run.catch((error: Error & { stdout?: string }) => ({ stdout: error.stdout ?? "" }));
    return printed(stdout);
  } catch (error) {
    // There is no Python, which is why the sidecar did not start.
    app.log.debug(String(error));
    return [];
  }
}
