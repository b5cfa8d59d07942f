import { useEffect, useRef, useState } from "preact/hooks";
import { toAnswer, isPending, sessionScope, describeRequest, type ApprovalDecision } from "../../src/approval";
import type { AskRow } from "../../src/protocol";
import { post } from "../bridge";
import { Icon } from "../icons";
import { visible } from "../visible";
import { Detail } from "./detail";

/** What the agent may not do without approval: what it would do, and the user's answer. */
export function Ask({ row }: { row: AskRow }) {
  return isPending(row) ? <Question row={row} /> : <Said row={row} />;
}

function Question({ row }: { row: AskRow }) {
  const [denying, setDenying] = useState(false);
  const answer = (decision: ApprovalDecision, reason = "") => post({ kind: "answer", ...toAnswer(row, decision, reason) });
  return (
    <div class="ask waiting" role="group" aria-label={`The agent asks whether it may ${describeRequest(row)}`}>
      <div class="ask-head">
        <Icon name="question" />
        <span class="what">
          May I {row.action === "run" ? "run this command" : <strong>{visible(describeRequest(row))}</strong>}?
        </span>
      </div>
      {row.why && (
        <div class="ask-special">
          <Icon name="warning" />
          Mind that {row.why}.
        </div>
      )}
      {row.detail && <Detail row={row} />}
      {denying ? (
        <Denial deny={(reason) => answer("deny", reason)} back={() => setDenying(false)} />
      ) : (
        <div class="ask-answers">
          <button onClick={() => answer("once")}>Allow once</button>
          <button class="secondary" title={`Allow ${sessionScope(row)} until this session ends`} onClick={() => answer("session")}>
            Allow for this session
          </button>
          <button class="secondary" onClick={() => setDenying(true)}>
            Deny…
          </button>
          <span class="muted">For this session: {visible(sessionScope(row))}</span>
        </div>
      )}
    </div>
  );
}

/** A no, with a reason where the user gives one. */
function Denial({ deny, back }: { deny(reason: string): void; back(): void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const key = (event: KeyboardEvent) => {
    if (event.key === "Escape") back();
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    deny(field.current?.value ?? "");
  };
  return (
    <div class="ask-answers">
      <input ref={field} type="text" aria-label="Reason" placeholder="Why, or what to do instead (the agent reads it)" onKeyDown={key} />
      <button onClick={() => deny(field.current?.value ?? "")}>Deny</button>
      <button class="secondary" onClick={back}>
        Back
      </button>
    </div>
  );
}

/** What was answered, in one line. */
function Said({ row }: { row: AskRow }) {
  // What was allowed once shows in what was done.
  if (row.status !== "session" && row.status !== "denied") return null;
  const allowed = row.status === "session";
  return (
    <div class="line muted">
      <Icon name={allowed ? "check" : "cross"} />
      <span>{allowed ? `Allowed for this session: ${visible(sessionScope(row))}` : `Not allowed: ${visible(describeRequest(row))}${row.reason ? ` — ${row.reason}` : ""}`}</span>
    </div>
  );
}
