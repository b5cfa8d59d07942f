import { window } from "vscode";
import type { App } from "../app";
import { answered, question, wanted, type Verdict } from "../leave";

/** Answers the question that the agent waits on. */
export async function answer(app: App, verdict: Verdict, given?: string): Promise<void> {
  const row = question(app.mirror.state);
  if (!row) throw new Error("The agent waits for no answer.");
  const reason = verdict === "deny" ? (given ?? (await why(wanted(row)))) : "";
  if (reason === undefined) return;
  await app.sidecar.ask("throughline/approval/answer", answered(row, verdict, reason));
}

async function why(what: string): Promise<string | undefined> {
  return window.showInputBox({ title: `Do not ${what}`, prompt: "Say why, or what to do instead; the agent reads it. Enter alone just says no." });
}
