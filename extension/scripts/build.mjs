// Bundles the extension and its page: `node scripts/build.mjs [--release | --tests | --watch]`.

import { readdirSync, rmSync } from "node:fs";
import { build, context } from "esbuild";
import { writeNotices } from "./notices.mjs";

const wanted = new Set(process.argv.slice(2));
const shared = {
  bundle: true,
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  minify: wanted.has("--release"),
  sourcemap: wanted.has("--release") ? false : "inline",
};
const node = { ...shared, platform: "node", target: "node20", loader: { ".py": "text" } };

const host = { ...node, entryPoints: ["src/extension.ts"], outfile: "dist/extension.js", format: "cjs", external: ["vscode"] };
const page = {
  ...shared,
  entryPoints: { webview: "webview/main.tsx" },
  outdir: "dist",
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
};
// jsdom reads files beside its own modules, so it stays outside of the bundle; the editor is played by a fake.
const tests = {
  ...node,
  entryPoints: readdirSync("test").filter((file) => file.endsWith(".test.ts")).map((file) => `test/${file}`),
  outdir: "dist/test",
  format: "cjs",
  external: ["jsdom"],
  alias: { vscode: "./test/vscode.ts" },
};

if (wanted.has("--tests")) {
  rmSync("dist/test", { recursive: true, force: true });
  await build(tests);
} else if (wanted.has("--watch")) {
  for (const options of [host, page]) await (await context(options)).watch();
} else {
  const made = await Promise.all([build(host), build(page)]);
  writeNotices(made, "dist/NOTICES.txt");
}
