import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { workspace, type ExtensionContext, type LogOutputChannel } from "vscode";
import probe from "./probe.py";

/** What the sidecar is written for, and the first with the option -P. */
const OLDEST = "3.11";
const PATIENCE = 20_000;

/** An interpreter that can run the sidecar, and the environment that lets it find the sidecar's package. */
export interface Python {
  command: string;
  env: NodeJS.ProcessEnv;
}

interface Probed {
  version: [number, number];
  missing: string[];
  sidecar: boolean;
}

/** There is no Python that can run the sidecar; the message is one sentence that says why. */
export class PythonError extends Error {}

/** Finds the interpreter: the setting's, the environment's or the first on the path that fits. Throws PythonError. */
export async function findPython(context: ExtensionContext, log: LogOutputChannel): Promise<Python> {
  const env = environment(context);
  const chosen = workspace.getConfiguration("throughline").get("python", "").trim() || process.env["THROUGHLINE_PYTHON"];
  const candidates = chosen ? [chosen] : ["python3", "python"];
  const reasons: string[] = [];
  for (const command of candidates) {
    const reason = await unfit(command, env, log);
    if (reason === null) return { command, env };
    log.warn(reason);
    reasons.push(reason);
  }
  // Of several, the first reason is about the interpreter that people mean.
  throw new PythonError(reasons[0]);
}

/** Why this interpreter cannot run the sidecar, or null. */
async function unfit(command: string, env: NodeJS.ProcessEnv, log: LogOutputChannel): Promise<string | null> {
  let probed: Probed;
  try {
    // -P keeps modules of the open folder from being imported in place of Python's own.
    const { stdout } = await promisify(execFile)(command, ["-P", "-c", probe], { env, timeout: PATIENCE });
    probed = JSON.parse(stdout);
  } catch (error) {
    log.debug(`${command}: ${error instanceof Error ? error.message : error}`);
    return `${command} is not a Python ${OLDEST} or newer that runs here.`;
  }
  log.info(`${command} is Python ${probed.version.join(".")}.`);
  if (!probed.sidecar) return "The extension does not hold its sidecar; install it again.";
  if (probed.missing.length > 0) {
    log.info(`To install what is missing: ${command} -m pip install ${probed.missing.join(" ")}`);
    const named = probed.missing.slice(0, 3).join(", ") + (probed.missing.length > 3 ? " and more" : "");
    return `${command} lacks the Python packages ${named}; the log says how to install them.`;
  }
  return null;
}

function environment(context: ExtensionContext): NodeJS.ProcessEnv {
  const folder = [context.asAbsolutePath("sidecar"), context.asAbsolutePath("../sidecar")].find((one) =>
    existsSync(path.join(one, "throughline")),
  );
  const paths = [folder, process.env["PYTHONPATH"]].filter(Boolean).join(path.delimiter);
  return { ...process.env, PYTHONPATH: paths, PYTHONUTF8: "1", PYTHONUNBUFFERED: "1" };
}
