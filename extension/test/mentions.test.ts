import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mentionAt, mentionOf, mentions, spans } from "../webview/mentions";

const SAID: { text: string; paths: string[] }[] = [
  { text: "look at @src/a.py, please", paths: ["src/a.py"] },
  { text: "@a.py", paths: ["a.py"] },
  { text: 'see @"my file.py" and @b.ts.', paths: ["my file.py", "b.ts"] },
  { text: "@a.py twice: @a.py", paths: ["a.py"] },
  { text: "write to someone@example.org", paths: [] },
  { text: "alone @ or (@x.py)", paths: [] },
];

describe("mentions", () => {
  for (const { text, paths } of SAID) it(`finds ${paths.length} in “${text}”`, () => assert.deepEqual(mentions(text), paths));

  for (const path of ["src/a.py", "my file.py"]) {
    it(`finds ${path} again as it is written`, () => assert.deepEqual(mentions(`see ${mentionOf(path)} now`), [path]));
  }

  const places = [
    { text: "see @sr", cursor: 7, at: 4 },
    { text: "@", cursor: 1, at: 0 },
    { text: "see @src now", cursor: 12, at: null },
    { text: "me@home", cursor: 7, at: null },
  ];
  for (const { text, cursor, at } of places) {
    it(`knows whether the cursor is in one: “${text}”`, () => assert.equal(mentionAt(text, cursor), at));
  }

  it("cuts a text into pieces that are the text", () => {
    const text = 'use @dataclass in @src/a.py and @"b c.py"';
    const cut = spans(text);
    assert.equal(cut.map((one) => one.text).join(""), text);
    assert.deepEqual(cut.flatMap(({ path }) => path ?? []), ["src/a.py", "b c.py"]);
  });
});
