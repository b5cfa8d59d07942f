import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DocumentVersions } from "../src/documentVersions";

/** A document over a text, as the editor goes about it: it reads what is newer, but never over edits that are not saved. */
function opened(text: string) {
  const versions = new DocumentVersions(text, () => 1);
  let known = versions.version(false);
  const editor = {
    text,
    versions,
    dirty: () => versions.differs(editor.text),
    /** A save: what `made` is made of it, and what was sent as the base. */
    save(made: string): string {
      const disk = versions.version(editor.dirty());
      assert.ok(disk.modified <= known.modified, "the editor would ask which of two texts it is to keep");
      const base = versions.base;
      versions.saved(editor.text, made);
      known = versions.version(editor.dirty());
      return base;
    },
    /** The editor is told that the save is done; a text that was taken up meanwhile is looked at. */
    done(): void {
      if (editor.dirty()) return;
      const made = versions.settled();
      if (made !== undefined) versions.put(made);
      const disk = versions.version(editor.dirty());
      if (disk.modified > known.modified) {
        known = disk;
        editor.text = disk.text;
        versions.loaded(editor.text);
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
    assert.equal(editor.versions.base, "y\n");
  });

  it("takes what the editor shows as the base, however the text has moved on", () => {
    const editor = opened("one\n");
    editor.text = "one!\n";
    editor.versions.put("two\n");
    assert.equal(editor.save("two\none!\n"), "one\n");
  });

  it("is newer after each change, and the same where nothing changed", () => {
    const versions = new DocumentVersions("one\n", () => 1);
    const before = versions.version(false).modified;
    assert.equal(versions.put("one\n"), false);
    assert.equal(versions.put("two\n"), true);
    assert.ok(versions.version(false).modified > before);
    assert.equal(versions.version(true).modified, before);
  });

  it("does not take the ends of lines for an edit", () => {
    const versions = new DocumentVersions("one\ntwo\n");
    versions.loaded("one\r\ntwo\r\n");
    assert.equal(versions.differs("one\ntwo\n"), false);
    assert.equal(versions.differs("one\n"), true);
  });
});
