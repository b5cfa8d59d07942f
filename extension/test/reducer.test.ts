import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRow, Change, Patch, State, ToolRow, UserRow } from "../src/protocol";
import { apply, EMPTY, applyPatch } from "../src/reducer";

const asked: UserRow = { kind: "user", id: "u1", turn: 1, waiting: false, text: "why?" };
const answer: AgentRow = { kind: "agent", id: "a1", turn: 1, text: "Be", streaming: true, partial: false };
const running: ToolRow = {
  ...{ kind: "tool", id: "t1", turn: 1, tool: "run_command", title: "make", result: "some\n" },
  ...{ status: "running", masked: false, tokens: 0 },
} as const;
const before: State = { ...EMPTY, revision: 7, rows: [asked, answer, running] };

const CASES: { name: string; change: Change; after: Partial<State> }[] = [
  {
    name: "adds a row that is new",
    change: { kind: "row", row: { kind: "notice", id: "n1", level: "info", text: "hm", turn: 0, retryable: false } },
    after: { rows: [asked, answer, running, { kind: "notice", id: "n1", level: "info", text: "hm", turn: 0, retryable: false }] },
  },
  {
    name: "replaces a row that is known, where it stands",
    change: { kind: "row", row: { ...asked, text: "how?" } },
    after: { rows: [{ ...asked, text: "how?" }, answer, running] },
  },
  {
    name: "adds text to a growing answer",
    change: { kind: "grown", id: "a1", text: "cause" },
    after: { rows: [asked, { ...answer, text: "Because" }, running] },
  },
  {
    name: "adds text to the output of a running command",
    change: { kind: "grown", id: "t1", text: "more\n" },
    after: { rows: [asked, answer, { ...running, result: "some\nmore\n" }] },
  },
  { name: "adds no text to what is no answer", change: { kind: "grown", id: "u1", text: "!" }, after: {} },
  { name: "adds no text to a row that is not there", change: { kind: "grown", id: "gone", text: "!" }, after: {} },
  {
    name: "replaces the memory",
    change: { kind: "memory", memory: { summary: "s", tokens: 1, sections: [], taken: [], resolved: [], foreign: [] } },
    after: { memory: { summary: "s", tokens: 1, sections: [], taken: [], resolved: [], foreign: [] } },
  },
  { name: "replaces the files", change: { kind: "files", files: [] }, after: { files: [] } },
  {
    name: "replaces the meter",
    change: { kind: "meter", meter: { ...EMPTY.meter, used: 3 } },
    after: { meter: { ...EMPTY.meter, used: 3 } },
  },
  {
    name: "replaces the activity, the suggestion and the warning together",
    change: { kind: "activity", activity: "answering", suggestion: "next", warning: "dear" },
    after: { activity: "answering", suggestion: "next", warning: "dear" },
  },
  { name: "replaces the session", change: { kind: "session", session: null }, after: { session: null } },
];

describe("apply", () => {
  for (const { name, change, after } of CASES) {
    it(name, () => assert.deepEqual(apply(before, change), { ...before, ...after }));
  }

  it("keeps the identity of the rows that did not change", () => {
    const { rows } = apply(before, { kind: "grown", id: "a1", text: "cause" });
    assert.equal(rows[0], asked);
    assert.notEqual(rows[1], answer);
  });
});

describe("applyPatch", () => {
  const patch = (revision: number): Patch => ({
    revision,
    changes: [
      { kind: "grown", id: "a1", text: "cause" },
      { kind: "activity", activity: "answering", suggestion: "", warning: "" },
    ],
  });

  it("applies all changes of the patch that follows", () => {
    const { revision, rows, activity } = applyPatch(before, patch(8)) ?? EMPTY;
    assert.deepEqual([revision, rows[1], activity], [8, { ...answer, text: "Because" }, "answering"]);
  });

  it("passes over a patch whose revision it has", () => {
    assert.equal(applyPatch(before, patch(7)), before);
    assert.equal(applyPatch(before, patch(3)), before);
  });

  it("wants a snapshot where a patch was missed", () => assert.equal(applyPatch(before, patch(9)), null));
});
