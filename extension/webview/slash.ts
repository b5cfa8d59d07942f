import { post, run } from "./bridge";
import { asking, details, retryable } from "./store";

/** A command of the composer; `takes` names what may be said after it. */
export interface Slash {
  name: string;
  takes?: string;
  /** Whether it makes sense now; always where that is not said. */
  when?(): boolean;
  what: string;
  act(rest: string): void;
}

export const SLASHES: Slash[] = [
  { name: "/allow", when: () => asking.value, what: "Let the agent do what it asks for, once", act: () => run("allowOnce") },
  { name: "/deny", when: () => asking.value, takes: "why", what: "Do not let the agent do what it asks for", act: (rest) => run("deny", rest) },
  { name: "/retry", when: () => retryable.value, what: "Send the message that failed again, once", act: () => post({ kind: "retry" }) },
  { name: "/compact", what: "Compact the older turns now", act: () => run("compact") },
  { name: "/preview", what: "Show what compacting now would do", act: () => run("preview") },
  { name: "/undo", what: "Undo the last compaction", act: () => run("undo") },
  { name: "/status", what: "Show what fills the context, and the cost", act: () => (details.value = true) },
  { name: "/remember", takes: "rule", what: "Lay down a rule that holds from now on", act: (rest) => run("remember", rest) },
  { name: "/recall", takes: "words", what: "Find where something was said", act: (rest) => run("recall", rest) },
  { name: "/skeleton", takes: "file", what: "Put a file's skeleton into the context", act: (rest) => run("skeleton", rest) },
  { name: "/diff", takes: "revisions", what: "Say what changed, file by file", act: (rest) => run("changes", rest) },
  { name: "/archive", what: "Review what goes into the project archive", act: () => run("reviewArchive") },
  { name: "/role", takes: "name", what: "Go on in another role", act: (rest) => run("role", rest) },
  { name: "/model", takes: "id", what: "Go on with another model", act: (rest) => run("model", rest) },
  { name: "/end", what: "End the session and write the archive", act: () => run("end") },
];

/** The commands that begin with what is written, or the one that is written with something after it; else none. */
export function matching(text: string): Slash[] {
  const [, name = "", rest] = /^(\/[a-z]*)(\s[^]*)?$/i.exec(text) ?? [];
  if (!name) return [];
  const now = SLASHES.filter((one) => one.when?.() ?? true);
  if (rest !== undefined) return now.filter((one) => one.takes && one.name === name.toLowerCase());
  return now.filter((one) => one.name.startsWith(name.toLowerCase()));
}

/** What is written after the command. */
export function rest(text: string): string {
  return text.replace(/^\/\S*\s*/, "").trim();
}
