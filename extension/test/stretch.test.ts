import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LENGTH, stretch } from "../webview/stretch";

const ids = (size: number) => Array.from({ length: size }, (_, at) => `row ${at}`);

describe("stretch", () => {
  for (const size of [0, 1, LENGTH, LENGTH + 1, 3 * LENGTH]) {
    it(`holds ${size} ids in order`, () => {
      const cut = stretch(ids(size), []);
      assert.deepEqual(cut.flat(), ids(size));
      assert.ok(cut.every((one) => one.length > 0 && one.length <= LENGTH));
    });
  }

  it("is the same where nothing changed", () => {
    const before = stretch(ids(2 * LENGTH + 5), []);
    assert.equal(stretch(ids(2 * LENGTH + 5), before), before);
  });

  it("changes only its end where a row is added", () => {
    const before = stretch(ids(2 * LENGTH + 5), []);
    const after = stretch(ids(2 * LENGTH + 6), before);
    assert.deepEqual(
      after.map((one, at) => one === before[at]),
      [true, true, false],
    );
  });
});
