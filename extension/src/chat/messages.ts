import type { Patch, Role, SessionItem, State } from "../protocol";
import type { Status } from "../sidecarStatus";

/** What the extension tells a chat page. */
export type ToPage =
  | { kind: "snapshot"; state: State }
  | { kind: "patch"; patch: Patch }
  | { kind: "status"; status: Status; keyed: boolean }
  | { kind: "sessions"; sessions: SessionItem[]; keyed: boolean }
  | { kind: "reveal"; row: string }
  | { kind: "draft"; text: string }
  | { kind: "found"; query: string; paths: string[] }
  | { kind: "mention"; paths: string[] }
  | { kind: "failed"; reason: string };

/** What a chat page asks of the extension. */
export type FromPage =
  | { kind: "ready" }
  | { kind: "snapshot" }
  | { kind: "sessions" }
  | { kind: "start"; objective: string; role: Role }
  | { kind: "send"; text: string; files: string[] }
  | { kind: "find"; query: string }
  | { kind: "dropped"; uris: string[] }
  | { kind: "draft"; text: string }
  | { kind: "answer"; call: string; allowed: boolean; session: boolean; reason: string }
  | { kind: "cancel" }
  | { kind: "retry" }
  | { kind: "run"; command: PageCommand; argument: string }
  | { kind: "open"; path: string }
  | { kind: "copy"; text: string }
  | { kind: "insert"; text: string };

/** The commands that a page may run; the argument is a session, a compaction, words, or empty. */
export const PAGE_COMMANDS = [
  ...(["compact", "undo", "end", "resume", "demo", "recording", "setKey", "settings", "log", "doctor", "restart"] as const),
  ...(["allowOnce", "allowSession", "deny", "preview", "apply", "dismiss", "recall", "remember", "skeleton", "changes", "role", "model"] as const),
  ...(["reviewArchive", "acceptArchive", "editArchive", "rejectArchive"] as const),
];

export type PageCommand = (typeof PAGE_COMMANDS)[number];
