import assert from "node:assert/strict";
import { describe, it } from "node:test";

// The page's script finds the editor in its window; here nobody listens.
Object.assign(globalThis, { acquireVsCodeApi: () => ({ postMessage() {}, getState() {}, setState() {} }) });

/** What is written, and the commands that are offered. */
const CASES: [written: string, offered: string[]][] = [
  ["", []],
  ["compact", []],
  ["/st", ["/status"]],
  ["/STATUS", ["/status"]],
  ["/re", ["/remember", "/recall"]],
  ["/recall reservations expire", ["/recall"]],
  ["/compact now", []],
  ["/ro", ["/role"]],
  ["/allow", []],
];

describe("a slash", async () => {
  const { matching, rest, SLASHES } = await import("../webview/slash");
  const { asking, retryable } = await import("../webview/store");

  for (const [written, offered] of CASES) {
    it(`offers ${offered.join() || "nothing"} for “${written}”`, () => assert.deepEqual(matching(written).map(({ name }) => name), offered));
  }

  it("offers an answer only while the agent asks", () => {
    asking.value = true;
    assert.deepEqual(matching("/allow").map(({ name }) => name), ["/allow"]);
    asking.value = false;
  });

  it("offers to retry only where the last turn broke off", () => {
    assert.deepEqual(matching("/ret"), []);
    retryable.value = true;
    assert.deepEqual(matching("/ret").map(({ name }) => name), ["/retry"]);
    retryable.value = false;
  });

  it("is one word in lower case, the same for no two commands", () => {
    const names = SLASHES.map(({ name }) => name);
    assert.ok(names.every((name) => /^\/[a-z]+$/.test(name)), names.join());
    assert.equal(new Set(names).size, names.length);
  });

  it("hands on what is written after it", () => assert.equal(rest("/recall  two words "), "two words"));
});
