/** Rows of a chunk: few enough to lay out at once, many enough that the page has few chunks. */
export const CHUNK_LENGTH = 20;

/** Cuts the ids of rows into chunks, keeping those of before that are the same, and all of it where nothing changed. */
export function chunkRows(ids: string[], before: string[][]): string[][] {
  const now: string[][] = [];
  for (let at = 0; at < ids.length; at += CHUNK_LENGTH) {
    const cut = ids.slice(at, at + CHUNK_LENGTH);
    const known = before[now.length];
    now.push(known && same(known, cut) ? known : cut);
  }
  return same(now, before) ? before : now;
}

function same<T>(some: T[], others: T[]): boolean {
  return some.length === others.length && some.every((one, at) => one === others[at]);
}
