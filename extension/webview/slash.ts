import { run } from "./bridge";
import { details } from "./store";

/** A command of the composer. */
export interface Slash {
  name: string;
  what: string;
  act(): void;
}

export const SLASHES: Slash[] = [
  { name: "/compact", what: "Compact the older turns now", act: () => run("compact") },
  { name: "/undo", what: "Undo the last compaction", act: () => run("undo") },
  { name: "/status", what: "Show what fills the context, and the cost", act: () => (details.value = true) },
  { name: "/end", what: "End the session and write the archive", act: () => run("end") },
];

/** The commands that begin with what is written; none where it is no command. */
export function matching(text: string): Slash[] {
  return /^\/[a-z]*$/i.test(text) ? SLASHES.filter(({ name }) => name.startsWith(text.toLowerCase())) : [];
}
