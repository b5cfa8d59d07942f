import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Shown } from "../src/shown";

/** A document over a text, as the editor goes about it: it reads what is newer, but never over edits that are not saved. */
function opened(text: string) {
  const shown = new Shown(text, () => 1);
  let known = shown.version(false);
  const editor = {
    text,
    shown,
    dirty: () => shown.differs(editor.text),
    /** A save: what `made` is made of it, and what was sent as the base. */
    save(made: string): string {
      const disk = shown.version(editor.dirty());
      assert.ok(disk.moved <= known.moved, "the editor would ask which of two texts it is to keep");
      const base = shown.base;
      shown.saved(editor.text, made);
      known = shown.version(editor.dirty());
      return base;
    },
    /** The editor is told that the save is done; a text that was taken up meanwhile is looked at. */
    done(): void {
      if (editor.dirty()) return;
      const made = shown.settled();
      if (made !== undefined) shown.put(made);
      const disk = shown.version(editor.dirty());
      if (disk.moved > known.moved) {
        known = disk;
        editor.text = disk.text;
        shown.loaded(editor.text);
      }
    },
  };
  return editor;
}

describe("a text that is shown and edited", () => {
  it("shows what was made of a save, and is edited from there on", () => {
    const editor = opened("one\ntwo\n");
    editor.text = "one\ntwo!\n";
    assert.equal(editor.save("one\ntwo!\nthree\n"), "one\ntwo\n");
    editor.done();
    assert.equal(editor.text, "one\ntwo!\nthree\n");
    editor.text = "one\nthree\n";
    assert.equal(editor.save("one\nthree\n"), "one\ntwo!\nthree\n");
  });

  it("takes what was saved as the base of the next save where the writer went on", () => {
    const editor = opened("one\ntwo\n");
    editor.text = "one\ntwo!\n";
    editor.save("one\nmoved\nthree\n");
    editor.text = "one\ntwo!!\n";
    editor.done();
    assert.equal(editor.text, "one\ntwo!!\n");
    assert.equal(editor.save("x\n"), "one\ntwo!\n");
    editor.text = "one\ntwo!!!\n";
    assert.equal(editor.save("y\n"), "one\ntwo!!\n");
    editor.done();
    assert.equal(editor.text, "y\n");
    assert.equal(editor.shown.base, "y\n");
  });

  it("takes what the editor shows as the base, however the text has moved on", () => {
    const editor = opened("one\n");
    editor.text = "one!\n";
    editor.shown.put("two\n");
    assert.equal(editor.save("two\none!\n"), "one\n");
  });

  it("is newer after each change, and the same where nothing changed", () => {
    const shown = new Shown("one\n", () => 1);
    const before = shown.version(false).moved;
    assert.equal(shown.put("one\n"), false);
    assert.equal(shown.put("two\n"), true);
    assert.ok(shown.version(false).moved > before);
    assert.equal(shown.version(true).moved, before);
  });

  it("does not take the ends of lines for an edit", () => {
    const shown = new Shown("one\ntwo\n");
    shown.loaded("one\r\ntwo\r\n");
    assert.equal(shown.differs("one\ntwo\n"), false);
    assert.equal(shown.differs("one\n"), true);
  });
});
