import { execFile } from "node:child_process";
import { workspace } from "vscode";
import type { App } from "../app";
import { findPython } from "../python";
import { read } from "../reading";

/** Seconds that the doctor may take. */
const PATIENCE = 60_000;

/** Shows what works here and what does not. It needs no sidecar: it is asked when that does not start. */
export async function doctor(app: App): Promise<void> {
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (!folder) throw new Error("Open a folder first: a session works in one.");
  const { command, args, env } = await findPython(app.context, app.log);
  const options = { cwd: folder, env: { ...env, COLUMNS: "160" }, timeout: PATIENCE };
  const said = await new Promise<string>((resolve) => {
    execFile(command, [...args, "doctor", "--project", folder], options, (error, out, err) =>
      resolve(out || err || String(error)),
    );
  });
  const text = `## Throughline: what works here\n\n${said.trim().split("\n").map(item).join("\n")}\n`;
  await read(app.texts, "Doctor.md", text);
}

function item(line: string): string {
  const [, mark, what] = /^(ok|!!) (.*)$/.exec(line) ?? [];
  return mark ? `- ${mark === "ok" ? "✓" : "**✗**"} ${what}` : `  ${line}`;
}
