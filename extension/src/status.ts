/** Whether the sidecar runs, and why not. */
export type Status = { kind: "stopped" } | { kind: "starting" } | { kind: "running" } | { kind: "failed"; reason: string };
