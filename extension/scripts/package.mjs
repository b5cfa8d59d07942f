// Stages the sidecar, the demo and the licence beside the bundle and packs them: ../build/throughline.vsix.

import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";

const project = path.resolve(import.meta.dirname, "..", "..");
const vsix = path.join(project, "build", "throughline.vsix");
const staged = ["sidecar/throughline", "demo/project", "demo/session.jsonl"];

/** Caches and the workspace's own store are no part of what is shipped. */
const shipped = (file) => !/(^|\/)(__pycache__|\.[a-z_]+_cache|\.agent|\.venv|\.git)(\/|$)|\.pyc$/.test(path.relative(project, file));

for (const folder of ["sidecar", "demo"]) rmSync(folder, { recursive: true, force: true });
for (const part of staged) cpSync(path.join(project, part), part, { recursive: true, filter: shipped });
copyFileSync(path.join(project, "LICENSE"), "LICENSE");
mkdirSync(path.dirname(vsix), { recursive: true });
const packed = spawnSync(
  process.execPath,
  ["node_modules/@vscode/vsce/vsce", "package", "--no-dependencies", "--no-rewrite-relative-links", "--allow-missing-repository", "--out", vsix],
  { stdio: "inherit" },
);
process.exitCode = packed.status ?? 1;
