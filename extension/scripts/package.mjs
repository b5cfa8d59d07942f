// Stages the sidecar, the demo and the licence beside the bundle and packs them: ../build/throughline.vsix, for use beside a
// checkout's own environment. With `--target NAME` the wheels for that platform travel too: ../build/throughline-NAME.vsix.

import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

const { target } = parseArgs({ options: { target: { type: "string" } } }).values;
const project = path.resolve(import.meta.dirname, "..", "..");
const vsix = path.join(project, "build", target ? `throughline-${target}.vsix` : "throughline.vsix");
const wheels = path.join(project, "build", "wheels", String(target));
const staged = ["sidecar/throughline", "demo/project", "demo/session.jsonl"];

/** Caches and the workspace's own store are no part of what is shipped. */
const shipped = (file) => !/(^|\/)(__pycache__|\.[a-z_]+_cache|\.agent|\.venv|\.git)(\/|$)|\.pyc$/.test(path.relative(project, file));

if (target) {
  const python = path.join(project, ".venv", "bin", "python");
  const fetched = spawnSync(python, ["scripts/wheels.py", target, wheels], { stdio: "inherit" });
  if (fetched.status !== 0) process.exit(fetched.status ?? 1);
}
for (const folder of ["sidecar", "demo", "wheels"]) rmSync(folder, { recursive: true, force: true });
for (const part of staged) cpSync(path.join(project, part), part, { recursive: true, filter: shipped });
if (target) cpSync(wheels, "wheels", { recursive: true });
copyFileSync(path.join(project, "LICENSE"), "LICENSE");
mkdirSync(path.dirname(vsix), { recursive: true });
const packed = spawnSync(
  process.execPath,
  ["node_modules/@vscode/vsce/vsce", "package", "--no-dependencies", "--no-rewrite-relative-links", "--allow-missing-repository", ...(target ? ["--target", target] : []), "--out", vsix],
  { stdio: "inherit" },
);
process.exitCode = packed.status ?? 1;
