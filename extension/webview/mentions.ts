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
  const found = [...text.matchAll(/(?<!\S)@(?:"([^"\n]+)"|([^\s"@]*[^\s"@.,;:!?)]))/g)];
  return [...new Set(found.map(([, quoted, plain]) => quoted ?? plain ?? ""))];
}
