import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Row, SessionInfo } from "../src/protocol";
import { fileName, transcript } from "../src/transcript";

const session: SessionInfo = { id: "s", objective: "mend it", role: "engineer", model: "m", recorded: false, readonly: false };
const rows: Row[] = [
  { kind: "user", id: "u1", turn: 1, text: "why?\nand how?", waiting: false },
  { kind: "agent", id: "a1", turn: 1, text: "Because.", streaming: false, partial: true },
  { kind: "tool", id: "t1", turn: 1, tool: "run", title: "cat `x`", result: "a\n````\nb", status: "failed", masked: false, tokens: 3 },
  { kind: "compaction", id: "k1", compaction: "c", through: 1, before: 900, after: 100, held: 3, live: 4, added: 1, undone: true },
  { kind: "bill", id: "b1", turn: 1, text: "2 calls · $0.60", again: ["the cache had expired 6 minutes before: 214K tokens, $0.53"] },
];

describe("a transcript", () => {
  const text = transcript({ ...session, rows });

  it("says what the session is for", () => assert.match(text, /^# mend it\n\nengineer · m\n/));
  it("quotes the user line by line", () => assert.match(text, /## Turn 1\n\n> why\?\n> and how\?\n/));
  it("says where an answer was cut", () => assert.match(text, /Because\.\n\n\*This answer was cut short\.\*/));
  it("fences a result longer than any fence in it", () => assert.match(text, /\n`````\na\n````\nb\n`````\n/));
  it("marks what failed", () => assert.match(text, /\*\*run\*\* `cat 'x'` \(failed\)/));
  it("tells of compactions", () => assert.match(text, /Compacted through turn 1: 900 → 100 tokens, 3\/4 kept, undone/));
  it("says what a turn cost, and what it paid again", () =>
    assert.match(text, /\*2 calls · \$0\.60; paid again: the cache had expired 6 minutes before: 214K tokens, \$0\.53\*/));
  it("is short where nothing was said", () => assert.equal(transcript({ ...session, rows: [] }), "# mend it\n\nengineer · m\n"));
});

describe("the file of a session", () => {
  const TABLE: [string, string][] = [
    ["Add a lending API", "Add a lending API"],
    ["../../etc: a \"b\" \n<c>|?*", "etc a b c"],
    ["Überfällige Bücher 书", "Überfällige Bücher 书"],
    ["...", "Session"],
    ["word ".repeat(40), "word ".repeat(12).trim()],
  ];
  for (const [objective, name] of TABLE) it(`is named for “${objective.slice(0, 20)}”`, () => assert.equal(fileName(objective), name));
});
