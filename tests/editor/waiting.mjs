// Waiting for what a page shows, and naming it.

/** How long a person would wait for anything, in milliseconds. */
export const PATIENCE = 20_000;

/**
 * Reads a value until it is accepted and returns it; when patience ends, throws an error with the last value read.
 * `accept` is a predicate; without one, any truthy value will do.
 */
export async function eventually(what, read, accept = Boolean, patience = PATIENCE) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await read();
    if (accept(value)) return value;
    if (Date.now() > end) throw new Error(`${what}: still ${JSON.stringify(value)} after ${patience / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A text as a pattern that fits it alone. */
export function literal(text) {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** A pattern for a text with nothing but space around it. */
export function exactly(text) {
  return new RegExp(`^\\s*${literal(text)}\\s*$`);
}

/** Passes over a wait that ended without what it waited for; anything else is thrown on. */
export function timedOut(error) {
  if (error.name !== 'TimeoutError') throw error;
}
