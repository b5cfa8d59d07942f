import { count, dollars, percent, plural, short } from "../src/numbers";
import type { Meter, SessionInfo } from "../src/protocol";
import { ROLES } from "../src/roles";
import { run } from "./bridge";
import { Icon } from "./icons";
import { details, home, meter, session, toggleHome } from "./store";

/** What the session is for, on which model, how full its context is, and what it has cost. */
export function Header() {
  const shown = session.value;
  if (!shown) return null;
  return (
    <header>
      <div class="bar">
        <h1 title={shown.objective}>{shown.objective}</h1>
        <button
          class="icon-button"
          aria-label={home.value ? "Back to the session" : "Sessions"}
          aria-pressed={home.value}
          title={home.value ? "Back to the session" : "Sessions"}
          onClick={toggleHome}
        >
          <Icon name={home.value ? "cross" : "list"} />
        </button>
      </div>
      <div class="bar small">
        <Model session={shown} />
        <Gauge meter={meter.value} />
      </div>
      {details.value && <Details meter={meter.value} />}
    </header>
  );
}

/** Who works: pressing a role or a model changes it, where that can be. */
function Model({ session: { role, model, recorded, readonly } }: { session: SessionInfo }) {
  return (
    <span class="model">
      <Choice name={ROLES.find((one) => one.role === role)?.label ?? role} what="role" fixed={readonly} />
      <span class="muted">·</span>
      <Choice name={model} what="model" fixed={readonly || recorded} />
      {recorded && <span class="badge">recording</span>}
      {readonly && <span class="badge">read only</span>}
    </span>
  );
}

function Choice({ name, what, fixed }: { name: string; what: "role" | "model"; fixed: boolean }) {
  if (fixed) return <span class="muted">{name}</span>;
  return (
    <button class="choice" aria-label={`${what}: ${name}. Change it`} title={`Change the ${what}`} onClick={() => run(what)}>
      {name}
    </button>
  );
}

function Gauge({ meter }: { meter: Meter }) {
  const full = percent(meter);
  const parts = meter.parts.map(({ label, tokens }) => `${label}: ${count(tokens)}`);
  return (
    <button
      class="gauge"
      aria-expanded={details.value}
      aria-label={`${full}% ${dollars(meter.dollars)}: how full the context is, and what it has cost. Details`}
      title={[`${count(meter.used)} of ${count(meter.limit)} tokens`, ...parts].join("\n")}
      onClick={() => (details.value = !details.value)}
    >
      <span class="track">
        <span class={full >= 80 ? "fill high" : "fill"} style={{ width: `${full}%` }} />
      </span>
      <span class="number">{full}%</span>
      <span class="number muted">{dollars(meter.dollars)}</span>
    </button>
  );
}

function Details({ meter }: { meter: Meter }) {
  const most = Math.max(1, ...meter.parts.map((part) => part.tokens));
  return (
    <section class="details" aria-label="Context of the next call">
      <table>
        <tbody>
          {meter.parts.map(({ label, tokens }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td class="share">
                <span style={{ width: `${(100 * tokens) / most}%` }} />
              </td>
              <td class="number">{count(tokens)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted">
        {count(meter.used)} of {count(meter.limit)} tokens · {plural(meter.calls, "call")} · {short(meter.input)} in ·{" "}
        {short(meter.output)} out · {dollars(meter.dollars)}
      </p>
    </section>
  );
}
