import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { it } from "node:test";

/** Words that only the makers of Throughline know; a user reads kept, remembered, model, background process, queued. */
const MAKERS = /\b(held|picked|crew|sidecar|told|waits its turn)\b/i;

/** Texts of more than one word in a source: literals, templates without what they insert, and text between tags. */
function screenTexts(source: string): string[] {
  const code = source.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "").replaceAll(/^.*\blog\.\w+\(.*$/gm, "");
  const plain = code.replaceAll(/\$\{[^{}]*\}/g, "…");
  const literals = plain.matchAll(/"[^"\n]* [^"\n]*"|`[^`\n]* [^`\n]*`/g);
  const between = plain.replaceAll(/\{[^{}\n]*\}/g, "…").matchAll(/>[^<>{}=;]*</g);
  return [...literals, ...between].map(([text]) => text);
}

for (const folder of ["src", "webview"]) {
  it(`the texts of ${folder} are in words that a user knows`, () => {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file) && file !== "protocol.ts");
    const found = files.flatMap((file) => screenTexts(readFileSync(path.join(folder, file), "utf8")).filter((text) => MAKERS.test(text)));
    assert.deepEqual(found, []);
  });
}

it("a text between tags, in a literal and in a template is looked at", () => {
  const source = '<b>waits its turn</b>; f("the sidecar ended"); `${row.held} held`; // told\nx("told") && <i>\n{row.held}/{row.live} held\n</i>';
  assert.deepEqual(screenTexts(source).filter((text) => MAKERS.test(text)).length, 4);
});
