import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, describe, it } from "node:test";
import type { App } from "../src/app";
import { PAGE_COMMANDS } from "../src/chat/messages";
import { COMMANDS, registerCommands } from "../src/commands";
import { entryKind, fileUris, lineNumber, memoryEntry, sessionId, words } from "../src/commands/command";
import { CONTEXT_KEYS, followContextKeys } from "../src/contextKeys";
import type { ContextFile, MemoryEntry } from "../src/protocol";
import { EMPTY } from "../src/reducer";
import { StartError } from "../src/sidecarStatus";
import { StateStore } from "../src/stateStore";
import { commands, Uri, window } from "./vscode";

const text = readFileSync("package.json", "utf8");
const { contributes } = JSON.parse(text);
const named = (found: RegExp) => [...new Set([...text.matchAll(found)].map(([, name = ""]) => name))].sort();

/** What only the page and links run: the palette has the editor's own way to the settings, and a row is no person's word. */
const NOT_OFFERED = ["reveal", "settings"];

const views = Object.values(contributes.views as Record<string, { id: string }[]>).flat().map(({ id }) => id);

describe("package.json", () => {
  it("offers the commands that there are, and no others", () => {
    const offered = contributes.commands.map(({ command }: { command: string }) => command.replace("throughline.", ""));
    assert.deepEqual([...offered, ...NOT_OFFERED].sort(), Object.keys(COMMANDS).sort());
    assert.equal(new Set(offered).size, offered.length);
  });

  it("names no command that there is not, in menus, links and walkthroughs", () => {
    const used = named(/(?:"command": "|command:|onCommand:)throughline\.(\w+)/g);
    assert.deepEqual(used.filter((name) => !(name in COMMANDS)), []);
  });

  it("says nothing in words that only its makers use", () => {
    const shown = [...text.matchAll(/"(?:title|name|contents|description|markdownDescription|altText)": "(.*)"/g)].map(([, words = ""]) => words);
    assert.deepEqual(shown.filter((words) => /\b(held|picked|crew|sidecar|told|waits its turn)\b/i.test(words)), []);
  });

  it("asks for no context key that is not set", () => {
    const conditions = [...text.matchAll(/"when": "(.*)"/g)].map(([, when = ""]) => when).join(" ");
    const keys = [...new Set([...conditions.matchAll(/\bthroughline\.\w+/g)].map(([key]) => key))];
    assert.deepEqual(keys.filter((key) => !CONTEXT_KEYS.includes(key) && !views.includes(key)), []);
  });
});

it("the page runs commands that there are", () => assert.deepEqual(PAGE_COMMANDS.filter((name) => !(name in COMMANDS)), []));

const entry: MemoryEntry = {
  ...{ id: "e1", kind: "decision", text: "use SQLite", said: "use SQLite", why: "", row: "r1", author: "user" },
  ...{ state: "active", pinned: false, turns: [1], resolution: "" },
} as unknown as MemoryEntry;
const entryNode = { kind: "entry", entry, heading: "Decisions Made" };
const [one, two] = [Uri.parse("file:///a.py"), Uri.parse("file:///b.py")];

const ARGUMENTS: [name: string, read: (given: unknown[]) => unknown, given: unknown[], argument: unknown][] = [
  ["words", words, ["a b"], "a b"],
  ["no words, where a menu gives an object", words, [{}], undefined],
  ["a line", lineNumber, [12], 12],
  ["no line, where a menu gives an address", lineNumber, [one], undefined],
  ["a session that a page's button names", sessionId, ["s1"], "s1"],
  ["a session of the Sessions view", sessionId, [{ id: "s1", objective: "o" }], "s1"],
  ["no session, where none is named", sessionId, [""], undefined],
  ["the file that was clicked", fileUris, [one], [one]],
  ["all selected files", fileUris, [one, [one, two]], [one, two]],
  ["files of the Files view", fileUris, [{ uri: "file:///a.py" }], [one]],
  ["a file of a link in a hover", fileUris, ["file:///a.py"], [one]],
  ["no file, where none is given and no editor is open", fileUris, [], []],
  ["an entry of the Memory view", memoryEntry, [entryNode], entry],
  ["the kind of a section", entryKind, [{ kind: "section", adds: "fact" }], "fact"],
  ["no kind of the objective's section", entryKind, [{ kind: "section", adds: "objective" }], undefined],
  ["no kind of an entry", entryKind, [entryNode], undefined],
];

describe("a command's argument", () => {
  for (const [name, read, given, argument] of ARGUMENTS) it(`is ${name}`, () => assert.deepEqual(read(given), argument));

  it("is the file in the active editor, where nothing is given", () => {
    window.activeTextEditor = { document: { uri: two } };
    assert.deepEqual(fileUris([]), [two]);
    assert.deepEqual(fileUris([one]), [one]);
    window.activeTextEditor = undefined;
  });
});

/** The extension's parts around a sidecar that answers nothing, or that cannot start. */
function extension(failure?: Error) {
  const requests: unknown[][] = [];
  const log: string[] = [];
  let starts = 0;
  const sidecar = {
    async start() {
      starts += 1;
      if (failure) throw failure;
      return async (...call: unknown[]) => requests.push(call);
    },
  };
  const revealed: string[] = [];
  const app = {
    ...{ sidecar, store: new StateStore(), pages: { reveal: (row: string) => revealed.push(row) } },
    log: { error: (line: string) => log.push(line), show: () => log.push("shown") },
  };
  registerCommands(app as unknown as App);
  return { requests, log, revealed, starts: () => starts, run: (name: string, ...given: unknown[]) => commands.registered.get(`throughline.${name}`)?.(...given) };
}

describe("a command", () => {
  beforeEach(() => window.said.splice(0));

  it("that needs the sidecar starts it, and sends its request", async () => {
    const { run, starts, requests } = extension();
    await run("pin", entryNode);
    await run("undo", "c1");
    await run("undo", {});
    assert.deepEqual(requests, [
      ["throughline/ledger/pin", { entry: "e1", pinned: true }],
      ["throughline/undo", { compaction: "c1" }],
      ["throughline/undo", { compaction: "" }],
    ]);
    assert.equal(starts(), 3);
  });

  it("that needs no sidecar starts none", async () => {
    const { run, starts, revealed, log } = extension(new StartError("no Python"));
    await run("source", entryNode);
    await run("log");
    assert.deepEqual([revealed, log, starts()], [["r1"], ["shown"], 0]);
  });

  it("says in one place why the sidecar cannot start, and where the settings are", async () => {
    const { run, requests, log } = extension(new StartError("no Python"));
    await run("compact");
    assert.deepEqual(window.said, [["no Python", "Open Settings", "Show Log"]]);
    assert.deepEqual([requests, log], [[], ["no Python"]]);
  });

  it("without the argument that it cannot do without says so, and starts nothing", async () => {
    const { run, starts } = extension();
    await run("pin", { kind: "section" });
    await run("editEntry");
    assert.deepEqual(window.said.map(([words]) => words), Array(2).fill("Choose an entry in the Memory view."));
    assert.equal(starts(), 0);
  });
});

describe("the dialog for a recording", () => {
  it("shows the files of every format that is read", async () => {
    await extension().run("recording");
    const [{ filters } = {}] = window.dialogs.splice(0);
    assert.deepEqual(filters?.["Recorded sessions"]?.sort(), ["json", "jsonl", "md", "traj", "txt"]);
  });
});

describe("the context keys", () => {
  const sets = () => commands.executed.splice(0).map(([, key, value]) => [key, value]);
  const file = (uri: string, path: string) => ({ uri, path }) as ContextFile;

  it("follow the state, and only what changed is set", async () => {
    const store = new StateStore();
    commands.executed.splice(0);
    followContextKeys(store);
    assert.deepEqual(sets().map(([key]) => key).sort(), [...CONTEXT_KEYS].sort());
    const session = { id: "s", objective: "o", role: "engineer", model: "m", recorded: false, readonly: true } as const;
    await store.load(Promise.resolve({ ...EMPTY, session }));
    assert.deepEqual(sets(), [["throughline.session", true], ["throughline.readonly", true]]);
    const files = [file("file:///w/a.py", "a.py")];
    await store.load(Promise.resolve({ ...EMPTY, session, files }));
    assert.deepEqual(sets().map(([key]) => key), ["throughline.files", "throughline.present"]);
  });
});
