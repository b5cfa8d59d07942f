import type { ApprovalAnswer, AskRow, State } from "./protocol";

/** An answer to an approval request: for this call, until the session ends, or no. */
export type ApprovalDecision = "once" | "session" | "deny";

const DOES: Record<AskRow["action"], string> = { read: "read", edit: "change", run: "run" };

/** What the agent wants to do: "change src/a.py". */
export function describeRequest({ action, target }: AskRow): string {
  return `${DOES[action]} ${target.split("\n", 1)[0]}`;
}

/** What an approval for the session would allow, in words. */
export function sessionScope({ pattern, action }: AskRow): string {
  const place = pattern.slice(pattern.indexOf(":") + 1);
  if (action === "run") return "this very command";
  const does = action === "edit" ? "changes" : "reading";
  if (place === "**") return `all ${does} in this workspace`;
  return place.endsWith("/**") ? `all ${does} below ${place.slice(0, -3)}` : `${does} of ${place}`;
}

/** Whether the agent waits for an answer, and what it would do is known. */
export function isPending({ status, pattern }: AskRow): boolean {
  return status === "waiting" && pattern !== "";
}

/** The approval request that the agent waits on; it makes one at a time. */
export function pendingApproval(state: State): AskRow | undefined {
  return state.rows.findLast((row) => row.kind === "ask" && isPending(row)) as AskRow | undefined;
}

/** The answer to an approval request, as the sidecar takes it. */
export function toAnswer({ call }: AskRow, decision: ApprovalDecision, reason = ""): ApprovalAnswer {
  return { call, allowed: decision !== "deny", session: decision === "session", reason: reason.trim() };
}
