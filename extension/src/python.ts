import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { workspace, type ExtensionContext, type LogOutputChannel } from "vscode";
import { Packages } from "./packages";
import probe from "./probe.py";
import start from "./start.py";

/** The oldest Python that the sidecar runs on. */
const OLDEST = "3.11";
/** How long a Python may take to say which one it is, in milliseconds. */
const PROBE_TIMEOUT = 20_000;

/** How the sidecar is run: an interpreter, the arguments that stand before the sidecar's own, and its environment. */
export interface Python {
  command: string;
  args: string[];
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
  const packages = Packages.of(context);
  const chosen = workspace.getConfiguration("throughline").get("python", "").trim() || process.env["THROUGHLINE_PYTHON"];
  const reasons: string[] = [];
  for (const command of chosen ? [chosen] : candidates(packages)) {
    const found = packages ? await withPackages(packages, command, context, log) : await withItsOwn(command, context, log);
    if (typeof found !== "string") return found;
    log.warn(found);
    reasons.push(found);
  }
  // Of several, the first reason is about the interpreter that people mean.
  throw new PythonError(reasons[0]);
}

function candidates(packages: Packages | undefined): string[] {
  const named = (packages?.pythons ?? []).map((minor) => `python${minor}`);
  return ["python3", "python", ...named];
}

/** The sidecar with the packages that travel with the extension and nothing of the interpreter's own; or why not. */
async function withPackages(
  packages: Packages,
  command: string,
  context: ExtensionContext,
  log: LogOutputChannel,
): Promise<Python | string> {
  const alone = ["-I", "-S", "-X", "utf8"];
  const probed = await ask(command, alone, process.env, log);
  if (typeof probed === "string") return probed;
  const minor = probed.version.join(".");
  if (!packages.pythons.includes(minor)) {
    return `${command} is Python ${minor}, and this version of the extension runs on ${packages.pythons.join(", ")}: name one of them in the setting throughline.python.`;
  }
  const library = await packages.library(command, minor);
  // Compiled files are kept where the packages are, and not among the extension's own.
  const cache = ["-X", `pycache_prefix=${path.join(library, "__pycache__")}`];
  const args = [...alone, "-u", ...cache, "-c", start, library, context.asAbsolutePath("sidecar")];
  return { command, args, env: process.env };
}

/** The sidecar with the packages that the interpreter has, as in a checkout; or why not. */
async function withItsOwn(command: string, context: ExtensionContext, log: LogOutputChannel): Promise<Python | string> {
  const env = environment(context);
  // -P keeps modules of the open folder from being imported in place of Python's own.
  const probed = await ask(command, ["-P"], env, log);
  if (typeof probed === "string") return probed;
  if (!probed.sidecar) return "The extension lacks its Python part; install it again.";
  if (probed.missing.length > 0) {
    log.info(`To install what is missing: ${command} -m pip install ${probed.missing.join(" ")}`);
    const named = probed.missing.slice(0, 3).join(", ") + (probed.missing.length > 3 ? " and more" : "");
    return `${command} lacks the Python packages ${named}; the log says how to install them.`;
  }
  return { command, args: ["-P", "-m", "throughline"], env };
}

async function ask(command: string, args: string[], env: NodeJS.ProcessEnv, log: LogOutputChannel): Promise<Probed | string> {
  try {
    const { stdout } = await promisify(execFile)(command, [...args, "-c", probe], { env, timeout: PROBE_TIMEOUT });
    const probed: Probed = JSON.parse(stdout);
    log.info(`${command} is Python ${probed.version.join(".")}.`);
    return probed;
  } catch (error) {
    log.debug(`${command}: ${error instanceof Error ? error.message : error}`);
    return `${command} is not a Python ${OLDEST} or newer that runs here: install one, or name it in the setting throughline.python.`;
  }
}

function environment(context: ExtensionContext): NodeJS.ProcessEnv {
  const folder = [context.asAbsolutePath("sidecar"), context.asAbsolutePath("../sidecar")].find((one) =>
    existsSync(path.join(one, "throughline")),
  );
  const paths = [folder, process.env["PYTHONPATH"]].filter(Boolean).join(path.delimiter);
  return { ...process.env, PYTHONPATH: paths, PYTHONUTF8: "1", PYTHONUNBUFFERED: "1" };
}
