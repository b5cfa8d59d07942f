// The licences of the packages whose code is in a bundle.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Writes the licences of what esbuild's results hold to a file. */
export function writeNotices(results, file) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = inputs.map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]).filter(Boolean);
  const notices = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const licence = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    return `${name} ${version} (${license})\n\n${licence ? readFileSync(`${folder}/${licence}`, "utf8").trim() : ""}\n`;
  });
  writeFileSync(file, notices.join(`\n${"-".repeat(80)}\n\n`));
}
