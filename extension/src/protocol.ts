// Generated from sidecar/throughline/wire by `make protocol`. Do not edit.

export const VERSION = 1;

export type Row = UserRow | AgentRow | ToolRow | EntryRow | FileRow | CompactionRow | NoticeRow;

export type Change = RowPut | RowGrown | RowGone | MemoryPut | FilesPut | MeterPut | ActivityPut | SessionPut;

export type Freshness = "fresh" | "stale" | "gone";

export type FileForm = "full" | "skeleton";

export type Activity = "idle" | "answering" | "compacting";

export type Role = "engineer" | "qa" | "product";

/** What the user said; `waiting` while the turns before it run. */
export interface UserRow {
  kind: "user";
  id: string;
  turn: number;
  text: string;
  waiting: boolean;
}

/** The model's text, as Markdown; `streaming` while it grows, `partial` where it was cut. */
export interface AgentRow {
  kind: "agent";
  id: string;
  turn: number;
  text: string;
  streaming: boolean;
  partial: boolean;
}

/** A tool call and the beginning of its result. */
export interface ToolRow {
  kind: "tool";
  id: string;
  turn: number;
  tool: string;
  title: string;
  result: string;
  status: "running" | "done" | "failed";
  masked: boolean;
  tokens: number;
}

/** A decision, milestone or rejected approach, at the moment it entered the ledger. */
export interface EntryRow {
  kind: "entry";
  id: string;
  turn: number;
  label: "decision" | "milestone" | "rejected";
  text: string;
}

/** A file that was put into the view; tokens are o200k. */
export interface FileRow {
  kind: "file";
  id: string;
  path: string;
  form: FileForm;
  tokens: number;
  original: number;
}

/** A compaction: the view's tokens before and after, and how many live entries the new view holds. */
export interface CompactionRow {
  kind: "compaction";
  id: string;
  compaction: string;
  through: number;
  before: number;
  after: number;
  held: number;
  live: number;
  added: number;
  undone: boolean;
}

/** Something the user must know, in one line. */
export interface NoticeRow {
  kind: "notice";
  id: string;
  level: "info" | "error";
  text: string;
}

/** One ledger entry in the Memory view; `row` is the chat row of the turn it came from. */
export interface MemoryEntry {
  id: string;
  text: string;
  turns: Array<number>;
  state: "active" | "revised" | "resolved";
  author: "agent" | "user" | "summariser";
  pinned: boolean;
  row: string;
}

/** A section of the rolling summary. */
export interface MemorySection {
  title: string;
  entries: Array<MemoryEntry>;
}

/** The rolling summary, as text and as entries; tokens are o200k. */
export interface Memory {
  summary: string;
  tokens: number;
  sections: Array<MemorySection>;
}

/** A file in the view and whether it has moved on since the model saw it. */
export interface ContextFile {
  path: string;
  uri: string;
  form: FileForm;
  freshness: Freshness;
  tokens: number;
  original: number;
}

/** One kind of block in the view of the next call, in the model's tokens. */
export interface MeterPart {
  label: string;
  tokens: number;
}

/** The view of the next call against the model's limit, and the bill; dollars are null without a price. */
export interface Meter {
  used: number;
  limit: number;
  parts: Array<MeterPart>;
  calls: number;
  input: number;
  output: number;
  dollars: number | null;
}

/** The session that is shown; a recording's model says so, and a read-only one takes no messages. */
export interface SessionInfo {
  id: string;
  objective: string;
  role: string;
  model: string;
  recorded: boolean;
  readonly: boolean;
}

/** Everything that the chat page, the trees and the status bar render. */
export interface State {
  revision: number;
  session: SessionInfo | null;
  rows: Array<Row>;
  memory: Memory;
  files: Array<ContextFile>;
  meter: Meter;
  activity: Activity;
  suggestion: string;
}

/** Adds a row at the end, or replaces the row with its id. */
export interface RowPut {
  kind: "row";
  row: Row;
}

/** Adds text to an agent row. */
export interface RowGrown {
  kind: "grown";
  id: string;
  text: string;
}

/** Takes a row away. */
export interface RowGone {
  kind: "gone";
  id: string;
}

/** Replaces the memory. */
export interface MemoryPut {
  kind: "memory";
  memory: Memory;
}

/** Replaces the context files. */
export interface FilesPut {
  kind: "files";
  files: Array<ContextFile>;
}

/** Replaces the meter. */
export interface MeterPut {
  kind: "meter";
  meter: Meter;
}

/** Replaces what the sidecar is doing, and the recording's next prompt. */
export interface ActivityPut {
  kind: "activity";
  activity: Activity;
  suggestion: string;
}

/** Replaces the session's own line. */
export interface SessionPut {
  kind: "session";
  session: SessionInfo | null;
}

/** Changes that lead from revision - 1 to revision; a page at another revision asks for a snapshot. */
export interface Patch {
  revision: number;
  changes: Array<Change>;
}

/** The `initializationOptions`: the editor's settings, and the demo that plays where there is no key. */
export interface Options {
  version: number;
  model: string;
  compressor: string;
  endpoint: string;
  window: number;
  share: number;
  summary: number;
  archive: number;
  hour: "never" | "stable" | "always";
  demo: string;
}

/** No parameters, or no result beyond success. */
export interface Nothing {
}

/** Begins a session. */
export interface Start {
  objective: string;
  role: Role;
}

/** Opens a session of this workspace again. */
export interface Resume {
  session: string;
}

/** A session as listed; times are seconds since the epoch. */
export interface SessionItem {
  id: string;
  objective: string;
  started: number;
  updated: number;
  turns: number;
  ended: boolean;
  recorded: boolean;
}

/** The sessions of this workspace, the newest first, and whether a model can be reached for a new one. */
export interface Sessions {
  sessions: Array<SessionItem>;
  keyed: boolean;
}

/** Opens a session that another tool recorded, to be read with its summary. */
export interface OpenRecording {
  path: string;
}

/** A message of the user's; its turn begins at once, or when the turns before it have ended. */
export interface Send {
  text: string;
}

/** The number of the turn that a message opened or will open. */
export interface Accepted {
  turn: number;
}

/** Whether a compaction was made; where not, why. */
export interface Compacting {
  made: boolean;
  reason: string;
}

/** Undoes a compaction by id, or the last one where the id is empty. */
export interface Undo {
  compaction: string;
}

/** Pins or unpins an entry of the ledger. */
export interface Pin {
  entry: string;
  pinned: boolean;
}

/** Puts files into the view. */
export interface Inject {
  uris: Array<string>;
  form: FileForm;
}

/** A file that was not injected, and why. */
export interface Refusal {
  uri: string;
  reason: string;
}

/** The files that entered the view, and those that did not. */
export interface Injected {
  paths: Array<string>;
  refused: Array<Refusal>;
}

/** Names a file by its address. */
export interface OneFile {
  uri: string;
}

/** What moved since the model saw the file, as Markdown; what it saw, and what it would see now. */
export interface Difference {
  markdown: string;
  seen: string;
  now: string;
}

/** What a session's end wrote: the archive's path and tokens, and the session's report as Markdown. */
export interface Ended {
  path: string;
  tokens: number;
  report: string;
}

/** The API key from the editor's secret storage; empty to forget it. */
export interface Key {
  key: string;
}

export interface Requests {
  "throughline/start": { params: Start; result: State };
  "throughline/demo": { params: Nothing; result: State };
  "throughline/resume": { params: Resume; result: State };
  "throughline/sessions": { params: Nothing; result: Sessions };
  "throughline/recording": { params: OpenRecording; result: State };
  "throughline/snapshot": { params: Nothing; result: State };
  "throughline/send": { params: Send; result: Accepted };
  "throughline/cancel": { params: Nothing; result: Nothing };
  "throughline/compact": { params: Nothing; result: Compacting };
  "throughline/undo": { params: Undo; result: Nothing };
  "throughline/pin": { params: Pin; result: Nothing };
  "throughline/inject": { params: Inject; result: Injected };
  "throughline/refresh": { params: OneFile; result: Injected };
  "throughline/drop": { params: OneFile; result: Nothing };
  "throughline/difference": { params: OneFile; result: Difference };
  "throughline/end": { params: Nothing; result: Ended };
  "throughline/key": { params: Key; result: Nothing };
}

export interface Notifications {
  "throughline/patch": { params: Patch; result: null };
}

/** The setting behind each option, and its default. */
export const SETTINGS = {
  model: ["model", "claude-sonnet-5-5"],
  compressor: ["compressionModel", "claude-haiku-5-5"],
  endpoint: ["endpoint", ""],
  window: ["window", 12],
  share: ["share", 0.55],
  summary: ["summaryBudget", 800],
  archive: ["archiveBudget", 2000],
  hour: ["cacheHour", "stable"],
} as const;
