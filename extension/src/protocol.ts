// Generated from sidecar/throughline/protocol by `make protocol`. Do not edit.

export const VERSION = 1;

export type Row = UserRow | AgentRow | ToolRow | AskRow | EntryRow | FileRow | CompactionRow | HeldRow | ArchiveRow | NoticeRow | ThoughtRow | BillRow;

export type Change = RowPut | RowGrown | RowGone | MemoryPut | ArchivePut | FilesPut | MeterPut | ActivityPut | SessionPut;

export type Freshness = "fresh" | "stale" | "gone";

export type FileForm = "full" | "skeleton";

export type Activity = "idle" | "answering" | "compacting";

export type EntryKind = "objective" | "state" | "decision" | "constraint" | "pattern" | "milestone" | "work" | "question" | "issue" | "rejected" | "fact" | "rule";

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

/** A question whether a call may act on a path or run a command: `why` says what is special about it, `detail` shows it, and `pattern` is what allowing it for the session would allow. `reason` is the user's, of a no. */
export interface AskRow {
  kind: "ask";
  id: string;
  turn: number;
  call: string;
  action: "read" | "edit" | "run";
  target: string;
  why: string;
  detail: string;
  pattern: string;
  status: "waiting" | "allowed" | "session" | "denied" | "withdrawn";
  reason: string;
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

/** A compaction that waits for the user's word: the turns up to `through`, and what it would do to the view. */
export interface HeldRow {
  kind: "held";
  id: string;
  through: number;
  before: number;
  after: number;
  held: number;
  live: number;
  added: number;
  gains: boolean;
}

/** A change of the project archive: the lines that it adds and takes out, and what became of it. */
export interface ArchiveRow {
  kind: "archive";
  id: string;
  by: "local" | "model";
  added: number;
  removed: number;
  status: "waiting" | "accepted" | "rejected";
}

/** What the model thought, as far as its provider shows it. */
export interface ThoughtRow {
  kind: "thought";
  id: string;
  turn: number;
  text: string;
}

/** Something the user must know, in one line. Where it says why a turn failed or was interrupted, it is `retryable` while that turn can go on where it broke off. */
export interface NoticeRow {
  kind: "notice";
  id: string;
  level: "info" | "error";
  text: string;
  turn: number;
  retryable: boolean;
}

/** What a turn cost, in one line, or, for turn 0, what warming the cache did; `again` says, a line for each reason, what it paid again of what the provider had cached. */
export interface BillRow {
  kind: "bill";
  id: string;
  turn: number;
  text: string;
  again: Array<string>;
}

/** One ledger entry in the Memory view: `text` is its whole line, and `said`, `why` and `owner` its parts. `row` is the chat row of the turn it came from. A rule that is `mine` stays on this machine. */
export interface MemoryEntry {
  id: string;
  kind: EntryKind;
  text: string;
  said: string;
  why: string;
  owner: string;
  resolution: string;
  turns: Array<number>;
  state: "active" | "revised" | "resolved";
  author: "agent" | "user" | "summariser" | "code";
  pinned: boolean;
  row: string;
  mine: boolean;
}

/** A section of the rolling summary, and the kind of a new entry in it. */
export interface MemorySection {
  title: string;
  kind: EntryKind;
  entries: Array<MemoryEntry>;
}

/** The rolling summary, as text and as entries; tokens are o200k. In the sections stands what somebody put into the ledger, the user's rules first; `taken` is what was read in the dialogue and the summary shows, and `resolved` what has been settled. `foreign` are rules of the archive that somebody else wrote and the user has not accepted. */
export interface Memory {
  summary: string;
  tokens: number;
  sections: Array<MemorySection>;
  taken: Array<MemoryEntry>;
  resolved: Array<MemoryEntry>;
  foreign: Array<string>;
}

/** A line of the project archive: its number in the file (from 1), and when a session first wrote it, in seconds since the epoch; null where a person wrote it. */
export interface ArchiveLine {
  text: string;
  line: number;
  since: number | null;
}

/** A section of the project archive. */
export interface ArchiveSection {
  title: string;
  line: number;
  lines: Array<ArchiveLine>;
}

/** A change of the archive that waits to be accepted: the lines that it adds and takes out; `problem` says why it cannot be. */
export interface ArchivePending {
  by: "local" | "model";
  added: number;
  removed: number;
  problem: string;
}

/** The project archive; tokens are o200k. */
export interface Archive {
  uri: string;
  tokens: number;
  sections: Array<ArchiveSection>;
  pending: ArchivePending | null;
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
  archive: Archive;
  meter: Meter;
  activity: Activity;
  suggestion: string;
  warning: string;
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

/** Replaces the archive. */
export interface ArchivePut {
  kind: "archive";
  archive: Archive;
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

/** Replaces what the sidecar is doing, the recording's next prompt, and what is to be known of the next message's cost before it is sent. */
export interface ActivityPut {
  kind: "activity";
  activity: Activity;
  suggestion: string;
  warning: string;
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
  model: string;
  compressor: string;
  endpoint: string;
  window: number;
  share: number;
  reply: number;
  summary: number;
  archive: number;
  allowed: Array<string>;
  allowed_secrets: Array<string>;
  hour: "never" | "stable" | "always";
  cost_warning: number;
  warm: boolean;
  preview: "always" | "first" | "never";
  distil: "write" | "ask";
  version: number;
  demo: string;
  max_context: number;
}

/** No parameters, or no result beyond success. */
export interface Empty {
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

/** A message of the user's; its turn begins at once, or when the turns before it have ended. The `files` that it mentions, by their workspace paths, enter the view as skeletons first. */
export interface Send {
  text: string;
  files: Array<string>;
}

/** The user's answer to a call that asks: whether it may act, whether that holds for the session, and why not. */
export interface ApprovalAnswer {
  call: string;
  allowed: boolean;
  session: boolean;
  reason: string;
}

/** The number of the turn that a message opened or will open, and why files that it mentions did not enter. */
export interface Accepted {
  turn: number;
  refused: Array<string>;
}

/** Whether a compaction was made; where not, why. */
export interface Compacting {
  made: boolean;
  reason: string;
}

/** What a compaction would do, as Markdown. */
export interface Previewed {
  markdown: string;
}

/** Undoes a compaction by id, or the last one where the id is empty. */
export interface Undo {
  compaction: string;
}

/** Pins or unpins an entry of the ledger. */
export interface PinEntry {
  entry: string;
  pinned: boolean;
}

/** Keeps a rule on this machine, or shares it with the project's archive. */
export interface KeepRuleMine {
  entry: string;
  mine: boolean;
}

/** Names an entry of the ledger. */
export interface EntryId {
  entry: string;
}

/** Words an entry anew; a reason or an owner that is null stays, and an empty one is taken out. */
export interface EditEntry {
  entry: string;
  text: string;
  why: string | null;
  owner: string | null;
}

/** Ends an entry, with what came of it. */
export interface ResolveEntry {
  entry: string;
  resolution: string;
}

/** Makes an entry one of another kind. */
export interface ChangeEntryKind {
  entry: string;
  to: EntryKind;
}

/** Enters something into the ledger. */
export interface AddEntry {
  kind: EntryKind;
  text: string;
  why: string;
  owner: string;
}

/** What the user did to the ledger: the step by which it can be taken back, 0 where nothing changed. */
export interface LedgerChange {
  step: number;
}

/** The summary as it was shown, and what the user made of it. */
export interface Rewrite {
  base: string;
  edited: string;
}

/** What an edit of the summary did: how many changes, and the summary after it. */
export interface Rewritten {
  changes: number;
  summary: string;
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

/** What a session's end wrote: the archive's path and tokens, and the session's report as Markdown. The archive is not written yet where its change was only `proposed`. */
export interface Ended {
  path: string;
  tokens: number;
  proposed: boolean;
  report: string;
}

/** The archive as it is and as it would be; `waits` where that is a change which can be accepted. */
export interface ArchiveChange {
  base: string;
  text: string;
  waits: boolean;
}

/** Writes the change that waits into the archive, or what the user has made of it. */
export interface AcceptArchive {
  edited: string | null;
}

/** The archive as it was written; tokens are o200k. */
export interface Archived {
  path: string;
  tokens: number;
}

/** The role and the model of the session from here on; null stays as it is. */
export interface SetRoleAndModel {
  role: Role | null;
  model: string | null;
}

/** Looks for where all these words were said, in the open session or in all of the workspace. */
export interface RecallQuery {
  words: string;
  everywhere: boolean;
}

/** A place where something was said; `row` is the chat row of its turn. */
export interface RecallMatch {
  session: string;
  objective: string;
  turn: number;
  said: string;
  excerpt: string;
  row: string;
}

/** Places, the best first. */
export interface RecallMatches {
  places: Array<RecallMatch>;
}

/** Looks for files of the workspace whose path fits what is being typed. */
export interface FindFiles {
  query: string;
}

/** Workspace paths, the best first. */
export interface FoundFiles {
  paths: Array<string>;
}

/** Asks what changed: nothing for what is not committed, REV, A..B, or A...B from where they parted. */
export interface Changes {
  revisions: string;
}

/** One bullet for each file, as Markdown. */
export interface ChangeLog {
  markdown: string;
}

/** Names a session of this workspace by its id. */
export interface OneSession {
  session: string;
}

/** The report of the open session, as Markdown. */
export interface Report {
  markdown: string;
}

/** A model that can be chosen: its id, its name, and its context and prices in one line. */
export interface ModelItem {
  id: string;
  name: string;
  detail: string;
}

/** The models that the key or the endpoint offers, and what is to say about the chosen ones. */
export interface Models {
  models: Array<ModelItem>;
  remarks: Array<string>;
}

/** The API key from the editor's secret storage; empty to forget it. */
export interface Key {
  key: string;
}

/** Gives a session of this workspace another name; the model is told what it is for as before. */
export interface Rename {
  session: string;
  name: string;
}

/** A session to be read, whether it is open or not. */
export interface SessionTranscript {
  objective: string;
  role: string;
  model: string;
  rows: Array<Row>;
}

/** A session as a neutral transcript: a line of JSON for each thing that was said, called or returned. */
export interface Exported {
  text: string;
}

/** One thing that the doctor looked at; where it is not well, `mend` says what to do. */
export interface Finding {
  what: string;
  well: boolean;
  mend: string;
}

/** What the doctor found. */
export interface Findings {
  findings: Array<Finding>;
}

export interface Requests {
  "throughline/start": { params: Start; result: State };
  "throughline/demo": { params: Empty; result: State };
  "throughline/resume": { params: Resume; result: State };
  "throughline/sessions": { params: Empty; result: Sessions };
  "throughline/recording": { params: OpenRecording; result: State };
  "throughline/snapshot": { params: Empty; result: State };
  "throughline/send": { params: Send; result: Accepted };
  "throughline/retry": { params: Empty; result: Accepted };
  "throughline/approval/answer": { params: ApprovalAnswer; result: Empty };
  "throughline/cancel": { params: Empty; result: Empty };
  "throughline/compact": { params: Empty; result: Compacting };
  "throughline/undo": { params: Undo; result: Empty };
  "throughline/ledger/pin": { params: PinEntry; result: LedgerChange };
  "throughline/ledger/keep_mine": { params: KeepRuleMine; result: LedgerChange };
  "throughline/ledger/edit": { params: EditEntry; result: LedgerChange };
  "throughline/ledger/resolve": { params: ResolveEntry; result: LedgerChange };
  "throughline/ledger/reopen": { params: EntryId; result: LedgerChange };
  "throughline/ledger/recast": { params: ChangeEntryKind; result: LedgerChange };
  "throughline/ledger/delete": { params: EntryId; result: LedgerChange };
  "throughline/ledger/add": { params: AddEntry; result: LedgerChange };
  "throughline/ledger/undo": { params: LedgerChange; result: Empty };
  "throughline/ledger/rewrite": { params: Rewrite; result: Rewritten };
  "throughline/inject": { params: Inject; result: Injected };
  "throughline/refresh": { params: OneFile; result: Injected };
  "throughline/drop": { params: OneFile; result: Empty };
  "throughline/difference": { params: OneFile; result: Difference };
  "throughline/end": { params: Empty; result: Ended };
  "throughline/archive/change": { params: Empty; result: ArchiveChange };
  "throughline/archive/propose": { params: Empty; result: ArchiveChange };
  "throughline/archive/accept": { params: AcceptArchive; result: Archived };
  "throughline/archive/reject": { params: Empty; result: Empty };
  "throughline/preview/show": { params: Empty; result: Previewed };
  "throughline/preview/apply": { params: Empty; result: Compacting };
  "throughline/preview/dismiss": { params: Empty; result: Empty };
  "throughline/crew/change": { params: SetRoleAndModel; result: State };
  "throughline/search/recall": { params: RecallQuery; result: RecallMatches };
  "throughline/search/files": { params: FindFiles; result: FoundFiles };
  "throughline/search/changes": { params: Changes; result: ChangeLog };
  "throughline/session/report": { params: Empty; result: Report };
  "throughline/session/forget": { params: OneSession; result: State };
  "throughline/session/rename": { params: Rename; result: Empty };
  "throughline/session/read": { params: OneSession; result: SessionTranscript };
  "throughline/session/export": { params: OneSession; result: Exported };
  "throughline/doctor": { params: Empty; result: Findings };
  "throughline/session/models": { params: Empty; result: Models };
  "throughline/key": { params: Key; result: Empty };
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
  max_context: ["maxContext", 160000],
  reply: ["replyTokens", 8192],
  summary: ["summaryBudget", 800],
  archive: ["archiveBudget", 2000],
  allowed: ["allowed", []],
  allowed_secrets: ["allowedSecrets", []],
  hour: ["cacheHour", "stable"],
  cost_warning: ["costWarning", 0.1],
  warm: ["warmCache", false],
  preview: ["preview", "never"],
  distil: ["distil", "ask"],
} as const;
