import { useSignal } from "@preact/signals";
import { ago, plural } from "../src/numbers";
import type { Role, SessionItem } from "../src/protocol";
import { ROLES } from "../src/roles";
import { post, run } from "./bridge";
import { Icon } from "./icons";
import { home, keyed, session, sessions, status } from "./store";

/** How many sessions are listed here; the Sessions view has them all. */
const RECENT = 6;

/** Where no session is shown: begin one, go on with one, or watch the demo. */
export function Home() {
  return (
    <main class="home">
      <div class="column">
        <Begin />
        <Recent />
        <section>
          <h2>Without a key</h2>
          <p class="muted">The recorded demo plays a session of fifty turns here, with its real compaction, and needs no network.</p>
          <p>
            <button class="secondary" onClick={() => run("demo")}>
              <Icon name="play" />
              Play the recorded demo
            </button>
          </p>
        </section>
      </div>
    </main>
  );
}

function Begin() {
  const objective = useSignal("");
  const role = useSignal<Role>("engineer");
  const begin = (event: Event) => {
    event.preventDefault();
    const text = objective.value.trim();
    if (text) post({ kind: "start", objective: text, role: role.value });
  };
  return (
    <section>
      <h1>Start a session</h1>
      <form onSubmit={begin}>
        <label for="objective">Objective</label>
        <textarea
          id="objective"
          rows={2}
          value={objective.value}
          placeholder="What should be true when this session ends?"
          onInput={(event) => (objective.value = event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && begin(event)}
        />
        <div class="choose">
          <label for="role">Role</label>
          <select id="role" value={role.value} onChange={(event) => (role.value = event.currentTarget.value as Role)}>
            {ROLES.map((one) => (
              <option key={one.role} value={one.role}>
                {one.label}
              </option>
            ))}
          </select>
          <button type="submit" disabled={!objective.value.trim()}>
            Start
          </button>
        </div>
      </form>
      {status.value.kind === "starting" && (
        <p class="doing">
          <span class="spinner" /> Starting Throughline's background process …
        </p>
      )}
      {!keyed.value && (
        <p class="line notice info">
          <Icon name="info" />
          <span>
            No API key is set, so a session plays the recorded demo.{" "}
            <button class="link" onClick={() => run("setKey")}>
              Set API Key
            </button>
          </span>
        </p>
      )}
    </section>
  );
}

function Recent() {
  const recent = (sessions.value ?? []).slice(0, RECENT);
  if (recent.length === 0) return null;
  return (
    <section>
      <h2>Go on with</h2>
      <ul class="recent">
        {recent.map((one) => (
          <li key={one.id}>
            <button onClick={() => goOn(one.id)} aria-current={one.id === session.value?.id}>
              <span class="title">{one.objective}</span>
              <span class="muted">{marks(one)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function goOn(id: string): void {
  home.value = false;
  if (id !== session.value?.id) run("resume", id);
}

function marks({ turns, updated, ended, recorded }: SessionItem): string {
  const words = [plural(turns, "turn"), ago(updated, Date.now() / 1000)];
  if (recorded) words.push("recording");
  if (ended) words.push("ended");
  return words.join(" · ");
}
