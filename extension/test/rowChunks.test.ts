import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CHUNK_LENGTH, chunkRows } from "../webview/rowChunks";

const ids = (size: number) => Array.from({ length: size }, (_, at) => `row ${at}`);

describe("rowChunks", () => {
  for (const size of [0, 1, CHUNK_LENGTH, CHUNK_LENGTH + 1, 3 * CHUNK_LENGTH]) {
    it(`holds ${size} ids in order`, () => {
      const cut = chunkRows(ids(size), []);
      assert.deepEqual(cut.flat(), ids(size));
      assert.ok(cut.every((one) => one.length > 0 && one.length <= CHUNK_LENGTH));
    });
  }

  it("is the same where nothing changed", () => {
    const before = chunkRows(ids(2 * CHUNK_LENGTH + 5), []);
    assert.equal(chunkRows(ids(2 * CHUNK_LENGTH + 5), before), before);
  });

  it("changes only its end where a row is added", () => {
    const before = chunkRows(ids(2 * CHUNK_LENGTH + 5), []);
    const after = chunkRows(ids(2 * CHUNK_LENGTH + 6), before);
    assert.deepEqual(
      after.map((one, at) => one === before[at]),
      [true, true, false],
    );
  });
});
