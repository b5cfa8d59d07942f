import hljs from "highlight.js/lib/common";

/** Longer code is shown without colours: they would hold up the page. */
const LONGEST = 20_000;

/** Code as HTML whose only elements are spans of the highlighter's classes; null where it has no colours for it. */
export function highlighted(text: string, language: string): string | null {
  if (text.length > LONGEST || !hljs.getLanguage(language)) return null;
  return hljs.highlight(text, { language, ignoreIllegals: true }).value;
}
