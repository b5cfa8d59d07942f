import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { diagnosis, printed } from "../src/diagnosis";

const about = { editor: "Code 1.139", extension: "0.1.0", stored: true };
const git = { what: "git on the path", well: false, mend: "install git" };
const python = { what: "Python 3.12.1", well: true, mend: "" };

describe("what the doctor says", () => {
  it("begins with what is to be mended", () => {
    const text = diagnosis(about, [python, git]);
    assert.match(text, /## To mend\n\n- \*\*git on the path\*\*: install git\n\n## What works\n\n- Python 3\.12\.1\n/);
  });
  it("says when all is well", () => assert.match(diagnosis(about, [python]), /^# Throughline Doctor\n\nAll is well\./));
  it("names the versions, and whether there is a key but never which", () =>
    assert.match(diagnosis(about, []), /Code 1\.139\n- Throughline 0\.1\.0\n- API key in the editor's secret storage: yes/));
  it("reads what the command line prints", () =>
    assert.deepEqual(printed("ok Python 3.12.1\r\n!! git on the path: install git\nTraceback\n\nok prompts: system, qa\n"), [
      python,
      git,
      { what: "prompts: system, qa", well: true, mend: "" },
    ]));
  it("shows what it is told as it is, on one line", () => {
    const text = diagnosis(about, [{ what: "a\n# b", well: false, mend: "[x](command:y) <script>" }]);
    assert.match(text, /- \*\*a \\# b\*\*: \\\[x\\\]\(command:y\) \\<script\\>\n/);
  });
});
