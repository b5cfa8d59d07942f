import type { Change, Meter, Patch, Row, State } from "./protocol";

const METER: Meter = { used: 0, limit: 0, parts: [], calls: 0, input: 0, output: 0, dollars: null };

/** What is shown before the sidecar has spoken. */
export const EMPTY: State = {
  revision: -1,
  session: null,
  rows: [],
  memory: { summary: "", tokens: 0, sections: [], taken: [], resolved: [], foreign: [] },
  files: [],
  archive: { uri: "", tokens: 0, sections: [], pending: null },
  meter: METER,
  activity: "idle",
  suggestion: "",
  warning: "",
};

/** The state after a patch, or null where the patch does not follow on it and a snapshot is needed. */
export function applyPatch(state: State, patch: Patch): State | null {
  if (patch.revision <= state.revision) return state;
  if (patch.revision !== state.revision + 1) return null;
  return { ...patch.changes.reduce(apply, state), revision: patch.revision };
}

/** The state after one change. Rows that did not change keep their identity. */
export function apply(state: State, change: Change): State {
  switch (change.kind) {
    case "row":
      return { ...state, rows: put(state.rows, change.row) };
    case "grown":
      return { ...state, rows: grow(state.rows, change.id, change.text) };
    case "gone":
      return { ...state, rows: state.rows.filter((row) => row.id !== change.id) };
    case "memory":
      return { ...state, memory: change.memory };
    case "archive":
      return { ...state, archive: change.archive };
    case "files":
      return { ...state, files: change.files };
    case "meter":
      return { ...state, meter: change.meter };
    case "activity":
      return { ...state, activity: change.activity, suggestion: change.suggestion, warning: change.warning };
    case "session":
      return { ...state, session: change.session };
    default:
      return change satisfies never;
  }
}

function put(rows: Row[], row: Row): Row[] {
  const at = rows.findLastIndex((one) => one.id === row.id);
  return at < 0 ? [...rows, row] : rows.with(at, row);
}

function grow(rows: Row[], id: string, text: string): Row[] {
  const at = rows.findLastIndex((one) => one.id === id);
  const row = rows[at];
  if (row?.kind === "agent") return rows.with(at, { ...row, text: row.text + text });
  return row?.kind === "tool" ? rows.with(at, { ...row, result: row.result + text }) : rows;
}
