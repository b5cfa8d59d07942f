import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toAnswer, pendingApproval, sessionScope, describeRequest } from "../src/approval";
import type { AskRow } from "../src/protocol";
import { EMPTY } from "../src/reducer";

const row: AskRow = {
  ...{ kind: "ask", id: "q1.0", turn: 1, call: "1", action: "edit", target: "src/a.py" },
  ...{ why: "", detail: "", pattern: "edit:**", status: "waiting", reason: "" },
} as const;

const SCOPES: { action: AskRow["action"]; pattern: string; says: string }[] = [
  { action: "edit", pattern: "edit:**", says: "all changes in this workspace" },
  { action: "edit", pattern: "edit:.git/config", says: "changes of .git/config" },
  { action: "read", pattern: "read:/etc/**", says: "all reading below /etc" },
  { action: "run", pattern: "run:make test", says: "this very command" },
];

describe("approval", () => {
  for (const { says, ...one } of SCOPES) it(`is asked for ${says}`, () => assert.equal(sessionScope({ ...row, ...one }), says));

  it("is asked in one line", () => assert.equal(describeRequest({ ...row, action: "run", target: "a\nb" }), "run a"));

  it("is asked by the question that is open", () => {
    const rows: AskRow[] = [{ ...row, id: "q0", status: "denied" }, row];
    assert.equal(pendingApproval({ ...EMPTY, rows }), row);
    assert.equal(pendingApproval({ ...EMPTY, rows: rows.slice(0, 1) }), undefined);
    assert.equal(pendingApproval({ ...EMPTY, rows: [{ ...row, pattern: "" }] }), undefined);
  });

  it("is given once, for the session, or not with a reason", () => {
    assert.deepEqual(toAnswer(row, "once"), { call: "1", allowed: true, session: false, reason: "" });
    assert.deepEqual(toAnswer(row, "session"), { call: "1", allowed: true, session: true, reason: "" });
    assert.deepEqual(toAnswer(row, "deny", " no "), { call: "1", allowed: false, session: false, reason: "no" });
  });
});
