/** Marks that turn the direction of what follows: they can make code read as what it is not. */
const TURNING = /[\u202A-\u202E\u2066-\u2069]/g;

/** What a terminal would take as a command: colours, cursor moves, titles. */
// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\-_])/g;

/** Text in which nothing hides: marks that turn its direction are written out. */
export function visible(text: string): string {
  return text.replace(TURNING, (mark) => `[U+${mark.charCodeAt(0).toString(16).toUpperCase()}]`);
}

/** A program's output as text: without what would only move a terminal's cursor, and in which nothing hides. */
export function output(text: string): string {
  return visible(text.replace(ESCAPES, ""));
}
