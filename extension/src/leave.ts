import type { ApprovalAnswer, AskRow, State } from "./protocol";

/** What the user may say. */
export type Verdict = "once" | "session" | "deny";

const DOES: Record<AskRow["action"], string> = { read: "read", edit: "change", run: "run" };

/** What the agent wants to do: "change src/a.py". */
export function wanted({ action, target }: AskRow): string {
  return `${DOES[action]} ${target.split("\n", 1)[0]}`;
}

/** What leave for the session would let it do, in words. */
export function scope({ pattern, action }: AskRow): string {
  const place = pattern.slice(pattern.indexOf(":") + 1);
  if (action === "run") return "this very command";
  const does = action === "edit" ? "changes" : "reading";
  if (place === "**") return `all ${does} in this workspace`;
  return place.endsWith("/**") ? `all ${does} below ${place.slice(0, -3)}` : `${does} of ${place}`;
}

/** Whether the agent waits for an answer, and what it would do is known. */
export function isOpen({ status, pattern }: AskRow): boolean {
  return status === "waiting" && pattern !== "";
}

/** The question that the agent waits on; it asks one at a time. */
export function question(state: State): AskRow | undefined {
  return state.rows.findLast((row) => row.kind === "ask" && isOpen(row)) as AskRow | undefined;
}

/** The answer to a question, as the sidecar takes it. */
export function answered({ call }: AskRow, verdict: Verdict, reason = ""): ApprovalAnswer {
  return { call, allowed: verdict !== "deny", session: verdict === "session", reason: reason.trim() };
}
