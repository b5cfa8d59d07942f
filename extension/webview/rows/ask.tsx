import { useState } from "preact/hooks";
import type { AskRow } from "../../src/protocol";
import { post } from "../bridge";
import { Icon } from "../icons";
import { output } from "../visible";

const DOES: Record<AskRow["action"], string> = { read: "Read", edit: "Change", run: "Run" };
const SAID: Record<Exclude<AskRow["status"], "waiting">, string> = {
  allowed: "allowed once",
  session: "allowed for this session",
  denied: "denied",
  withdrawn: "taken back",
};

/** A call that asks for leave: what it would do, and the answers to it. */
export function Ask({ row }: { row: AskRow }) {
  const waits = row.status === "waiting";
  return (
    <div class={`ask ${row.status}`} role="group" aria-label={`${DOES[row.action]} ${row.target}: ${waits ? "waits for your leave" : SAID[row.status as keyof typeof SAID]}`}>
      <div class="ask-head">
        <Icon name={row.status === "denied" || row.status === "withdrawn" ? "cross" : waits ? "question" : "check"} />
        <span class="ask-does">{DOES[row.action]}</span>
        <code class="ask-target">{output(row.target)}</code>
        {!waits && (
          <span class="muted">
            {SAID[row.status as keyof typeof SAID]}
            {row.reason && `: ${row.reason}`}
          </span>
        )}
      </div>
      {row.why && <div class="ask-why">Look twice: {row.why}.</div>}
      {waits && row.detail && row.detail !== row.target && <Detail text={row.detail} />}
      {waits && <Answers row={row} />}
    </div>
  );
}

function Detail({ text }: { text: string }) {
  return (
    <pre class="ask-detail" tabIndex={0} aria-label="What it would do">
      {lines(text).map((line, at) => (
        <span key={at} class={line.startsWith("+") ? "added" : line.startsWith("-") ? "taken" : ""}>
          {line || " "}
        </span>
      ))}
    </pre>
  );
}

/** The lines of a difference without the two that name the file, which stands above them. */
function lines(text: string): string[] {
  const all = output(text).replace(/\n$/, "").split("\n");
  return all[0]?.startsWith("--- ") && all[1]?.startsWith("+++ ") ? all.slice(2) : all;
}

function Answers({ row }: { row: AskRow }) {
  const [reason, setReason] = useState("");
  const answer = (allowed: boolean, session = false) =>
    post({ kind: "answer", call: row.call, allowed, session, reason: allowed ? "" : reason.trim() });
  return (
    <div class="ask-answers">
      <button onClick={() => answer(true)}>Allow once</button>
      <button class="secondary" title={`Allows ${row.pattern} until the session ends`} onClick={() => answer(true, true)}>
        Allow for this session
      </button>
      <input
        type="text"
        aria-label="Why not, for the model to read"
        placeholder="Why not? (optional)"
        value={reason}
        onInput={(event) => setReason(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") answer(false);
        }}
      />
      <button class="secondary" onClick={() => answer(false)}>
        Deny
      </button>
    </div>
  );
}
