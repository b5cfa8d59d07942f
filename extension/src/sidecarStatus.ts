/** State of the sidecar's process, and why it failed where it did. */
export type Status = { kind: "stopped" } | { kind: "starting" } | { kind: "running" } | { kind: "failed"; reason: string };

/** The sidecar cannot run; the message is one sentence that says why. */
export class StartError extends Error {}
