import DOMPurify from "dompurify";
import { Marked, type Token } from "marked";
import { visible } from "./visible";

/** A piece of Markdown that stands alone: code, which the page frames itself, or anything else as safe HTML. */
export type Block = { kind: "code"; raw: string; language: string; text: string } | { kind: "prose"; raw: string; html: string };

const TAGS = [
  ...["p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "a"],
  ...["h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"],
];

/** Addresses of the web and of mail, and plain paths; never a scheme of the editor's or of the browser's. */
const ADDRESSES = /^(?:https?:|mailto:|(?![a-z][a-z0-9+.-]*:)(?![\\/]{2}))/i;

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    // A tag in a model's words is meant to be read; a picture would be fetched from somewhere.
    html: ({ text }) => escape(text),
    image: ({ text }) => escape(text),
    checkbox: ({ checked }) => (checked ? "[x] " : "[ ] "),
  },
});

const known = new Map<string, Block>();
const KNOWN = 400;

/** Splits Markdown into blocks. A block that has not changed is the same object, so its elements stay in the page. */
export function blocks(text: string): Block[] {
  const shown = visible(text, true);
  try {
    return marked
      .lexer(shown)
      .filter((token) => token.type !== "space" && token.type !== "def")
      .map(block);
  } catch (error) {
    // Nested deeper than the parser can follow: such text is shown as it was written.
    if (!(error instanceof RangeError)) throw error;
    return [{ kind: "prose", raw: shown, html: `<p>${escape(shown)}</p>` }];
  }
}

/** One line of Markdown as safe HTML. */
export function inline(text: string): string {
  return sanitise(marked.parseInline(visible(text, true), { async: false }));
}

/** Markdown's HTML without anything that could run, be fetched, or pass for the page's own. */
export function sanitise(html: string): string {
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["href", "title", "align", "start"],
    ALLOWED_URI_REGEXP: ADDRESSES,
    ALLOW_ARIA_ATTR: false,
    ALLOW_DATA_ATTR: false,
  });
}

function block(token: Token): Block {
  const found = known.get(token.raw);
  if (found) return found;
  if (known.size >= KNOWN) known.clear();
  const made: Block =
    token.type === "code"
      ? { kind: "code", raw: token.raw, language: (token["lang"] ?? "").split(/\s/, 1)[0], text: token["text"] }
      : { kind: "prose", raw: token.raw, html: sanitise(marked.parser([token])) };
  known.set(token.raw, made);
  return made;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
}
