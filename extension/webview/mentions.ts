/** A file as it is mentioned: an @ at the start of a word, and its path, in quotes where that has spaces. */
const MENTION = /(?<!\S)@(?:"([^"\n]+)"|([^\s"@]*[^\s"@.,;:!?)]))/g;

/** A piece of a text; `path` where it mentions a file. */
export interface Span {
  text: string;
  path?: string;
}

/** A path as it is mentioned: `@src/a.py`, or `@"my file.py"` where it has spaces. */
export function mentionOf(path: string): string {
  return /\s/.test(path) ? `@"${path}"` : `@${path}`;
}

/** Where the @ of the mention stands that the cursor is in; null where it is in none. */
export function mentionAt(text: string, cursor: number): number | null {
  const found = /(?:^|\s)@([^\s@"]*)$/.exec(text.slice(0, cursor));
  return found ? cursor - (found[1]?.length ?? 0) - 1 : null;
}

/** The paths that a text mentions, each once. */
export function mentions(text: string): string[] {
  return [...new Set([...text.matchAll(MENTION)].map(([, quoted, plain]) => quoted ?? plain ?? ""))];
}

/** A text in pieces, those that mention a file by something that looks like a path among them. */
export function spans(text: string): Span[] {
  const found: Span[] = [];
  let end = 0;
  for (const match of text.matchAll(MENTION)) {
    const path = match[1] ?? match[2] ?? "";
    if (!/[./]/.test(path)) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: match[0], path });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}
