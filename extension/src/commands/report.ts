import type { App } from "../app";
import { read } from "../reading";

/** Shows what the session came to so far: turns, tokens, what each purpose cost. */
export async function report(app: App): Promise<void> {
  const { markdown } = await app.sidecar.ask("throughline/session/report", {});
  await read(app.texts, "Session Report.md", markdown);
}
