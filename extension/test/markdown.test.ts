import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { JSDOM } from "jsdom";
import { highlighted } from "../webview/highlight";
import { output, visible } from "../webview/visible";

let blocks: typeof import("../webview/markdown").blocks;
let sanitise: typeof import("../webview/markdown").sanitise;

before(async () => {
  // The sanitiser takes the window that is there when it is loaded.
  Object.assign(globalThis, { window: new JSDOM("").window });
  ({ blocks, sanitise } = await import("../webview/markdown"));
});

const html = (text: string) =>
  blocks(text)
    .map((block) => (block.kind === "prose" ? block.html.trim() : `[${block.language}]${block.text}`))
    .join("");

const SHOWN: Record<string, [string, string]> = {
  "a paragraph": ["**a** `b`", "<p><strong>a</strong> <code>b</code></p>"],
  "a list with checks": ["- [x] done\n- [ ] open", "<ul>\n<li>[x] done</li>\n<li>[ ] open</li>\n</ul>"],
  "a link of the web": ["[a](https://a.example)", '<p><a href="https://a.example">a</a></p>'],
  "a line where it was broken": ["a\nb", "<p>a<br>b</p>"],
  "a path": ["[a](src/a.py#L3)", '<p><a href="src/a.py#L3">a</a></p>'],
  "code, framed by the page": ["```py\nx < 1\n```", "[py]x < 1"],
  "code that is still being written": ["```ts\nconst a", "[ts]const a"],
  "a tag as it was written": ["use `<b>` or <b>", "<p>use <code>&lt;b&gt;</code> or &lt;b&gt;</p>"],
};

const REFUSED: Record<string, string> = {
  "a command link": "[a](command:workbench.action.closeWindow)",
  "a script link": "[a](javascript:alert(1))",
  "a script link in disguise": "[a](java&#x0A;script:alert(1))",
  "a data link": "[a](data:text/html,x)",
  "an editor link": "[a](vscode://file/etc/passwd)",
  "a link without a scheme to another host": "[a](//evil.example/x)",
  "a remote picture": "![a](https://evil.example/a.png)",
  "a script": "<script>alert(1)</script>",
  "a handler": '<p onclick="alert(1)">a</p>',
  "a frame": '<iframe src="https://evil.example"></iframe>',
};

const TAGS = ["script", "iframe", "style", "form", "input", "svg", "img", "object", "base", "meta", "link", "button"];

describe("blocks", () => {
  for (const [name, [text, shown]] of Object.entries(SHOWN)) it(`shows ${name}`, () => assert.equal(html(text), shown));

  for (const [name, text] of Object.entries(REFUSED)) {
    it(`refuses ${name}`, () => {
      const body = new JSDOM(html(text)).window.document.body;
      assert.deepEqual([...body.querySelectorAll("[href], [src], [onclick], script, iframe, img")].map(String), []);
    });
  }

  it("shows what is nested too deep to follow as it was written", () => {
    const text = `${">".repeat(100_000)} deep`;
    assert.equal(new JSDOM(html(text)).window.document.body.textContent?.trim(), text);
  });

  it("writes out the marks that turn the direction of text", () => {
    assert.equal(html("a \u202Eb\u202C"), "<p>a [U+202E]b[U+202C]</p>");
    assert.equal(html("```\na \u2066b\n```"), "[]a [U+2066]b");
  });

  it("gives an unchanged block as the same object while the text grows", () => {
    const first = blocks("# Title\n\nSome wo")[0];
    assert.equal(blocks("# Title\n\nSome words")[0], first);
  });
});

describe("output", () => {
  it("leaves out what only moves a terminal's cursor", () => {
    assert.equal(output("\u001B[31mred\u001B[0m \u001B]0;title\u0007\u001B[2Jend"), "red end");
  });
});

describe("highlighted", () => {
  it("colours a language that it knows, and makes nothing but spans", () => {
    const made = highlighted("def f(): return '<b>'", "python") ?? assert.fail("python has no colours");
    const body = new JSDOM(made).window.document.body;
    assert.equal(body.textContent, "def f(): return '<b>'");
    assert.deepEqual([...new Set([...body.querySelectorAll("*")].map(({ tagName }) => tagName))], ["SPAN"]);
  });

  it("leaves other text as it is", () => {
    assert.equal(highlighted("a", "nonsense"), null);
    assert.equal(highlighted("a", ""), null);
    assert.equal(highlighted("a".repeat(30_000), "python"), null);
  });
});

describe("sanitise", () => {
  for (const tag of TAGS) {
    it(`lets no ${tag} through`, () => {
      const body = new JSDOM(sanitise(`<p>a<${tag} src="x" href="x" style="color:red" onload="x()">b</${tag}></p>`)).window.document.body;
      assert.equal(body.querySelector(`${tag}, [style], [onload], [src]`), null);
    });
  }

  it("keeps nothing by which text could pass for the page's own", () => {
    assert.equal(sanitise('<p id="a" class="trouble" data-x="1" aria-label="b">c</p>'), "<p>c</p>");
  });
});

describe("visible", () => {
  const hidden = ["\u0000", "\u001B", "\u009B", "\u00AD", "\u061C", "\u200B", "\u200E", "\u2028", "\u202E", "\u2060", "\u2066", "\u3164", "\uFEFF", "\u{E0041}"];
  for (const sign of hidden) {
    const code = (sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    it(`writes out U+${code}, in prose and in questions`, () => {
      for (const prose of [true, false]) assert.equal(visible(`a${sign}b\n\t`, prose), `a[U+${code}]b\n\t`);
    });
  }
  const spelt = ["\u{1F468}\u200D\u{1F469}\u200D\u{1F467}", "\u2764\uFE0F\u200D\u{1F525}", "1\uFE0F\u20E3", "\u0645\u06CC\u200C\u062E", "\u0915\u094D\u200D\u0937"];
  for (const text of spelt) {
    it(`leaves ${text} as it is spelt in prose, and shows all of it in a question`, () => {
      assert.equal(visible(text, true), text);
      assert.match(visible(text), /\[U\+/);
    });
  }
  it("shows a joiner that joins nothing", () => {
    assert.equal(visible("a\u200Db", true), "a[U+200D]b");
    assert.equal(output("a\u001B[31m\u200B"), "a[U+200B]");
  });
});
