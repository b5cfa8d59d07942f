import { batch, computed, signal, type Signal } from "@preact/signals";
import { describeRequest, isPending } from "../src/approval";
import type { ToPage } from "../src/chat/messages";
import type { Patch, Row, SessionItem, State } from "../src/protocol";
import { applyPatch, EMPTY } from "../src/reducer";
import type { Status } from "../src/sidecarStatus";
import { keepDraft, keptDraft, post } from "./bridge";
import { mentionAt, mentionOf } from "./mentions";
import { chunkRows } from "./rowChunks";

export const session = signal(EMPTY.session);
export const meter = signal(EMPTY.meter);
export const activity = signal(EMPTY.activity);
export const suggestion = signal(EMPTY.suggestion);
/** What is to be known of the next message's cost before it is sent. */
export const warning = signal(EMPTY.warning);
export const status = signal<Status>({ kind: "starting" });
export const keyed = signal(true);
export const sessions = signal<SessionItem[] | null>(null);
/** The one thing that went wrong last. */
export const failure = signal("");
/** Whether the start page covers the session, and whether the meter's details are open. */
export const home = signal(false);
export const details = signal(false);
/** What a screen reader announces: a finished answer, not each word of it. */
export const announcement = signal("");
/** Whether the list stays at its end while rows are added. */
export const following = signal(true);
/** The row to scroll to; a new object each time. */
export const target = signal<{ row: string } | null>(null);
export const draft = signal(keptDraft());
/** The part of a file's path that is being written after an @, where it stands in the draft, and the files that fit. */
export const mention = signal<{ query: string; at: number } | null>(null);
export const found = signal<string[]>([]);

/**
 * The ids of the rows in order, in chunks: one that has not changed is the same array, and is not rendered again.
 * Each row is a signal of its own, so that a growing answer renders itself alone.
 */
export const rowChunks = signal<string[][]>([]);
const rows = new Map<string, Signal<Row>>();

/** The last compaction that stands: the one that can be undone. */
export const undoable = signal("");
/** Whether the agent waits for an answer. */
export const asking = signal(false);
/** Whether the last turn broke off and can go on. */
export const retryable = signal(false);
export const busy = computed(() => activity.value === "answering");

let shown: State = EMPTY;
let waiting: Patch[] = [];

/** A row by its id, as a signal; undefined once it is gone. */
export function rowOf(id: string): Signal<Row> | undefined {
  return rows.get(id);
}

export function write(text: string): void {
  draft.value = text;
  keepDraft(text);
}

/** Looks whether a file is being mentioned before the cursor, and asks for those that fit. */
export function look(text: string, cursor: number): void {
  const at = mentionAt(text, cursor);
  const query = at === null ? null : text.slice(at + 1, cursor);
  if (query === null || at === null) {
    mention.value = null;
    found.value = [];
  } else if (query !== mention.value?.query || at !== mention.value.at) {
    mention.value = { query, at };
    post({ kind: "find", query });
  }
}

/** Puts files into the draft, at its end. */
function mentioned(paths: string[]): void {
  const gap = draft.value && !/\s$/.test(draft.value) ? " " : "";
  write(`${draft.value}${gap}${paths.map((path) => `${mentionOf(path)} `).join("")}`);
}

/** Covers the session with the start page, or shows it again. */
export function toggleHome(): void {
  home.value = !home.value;
  if (home.value) post({ kind: "sessions" });
}

/** Takes a message of the extension's. Patches wait for the next frame, and are shown together. */
export function receive(message: ToPage): void {
  switch (message.kind) {
    case "snapshot":
      waiting = [];
      return show(message.state, false);
    case "patch":
      if (waiting.push(message.patch) === 1) requestAnimationFrame(flush);
      return;
    case "status":
      status.value = message.status;
      keyed.value = message.keyed;
      if (message.status.kind === "running" && !session.value) post({ kind: "sessions" });
      return;
    case "sessions":
      sessions.value = message.sessions;
      keyed.value = message.keyed;
      return;
    case "reveal":
      home.value = false;
      target.value = { row: message.row };
      return;
    case "draft":
      if (!draft.value) write(message.text);
      return;
    case "found":
      if (message.query === mention.value?.query) found.value = message.paths;
      return;
    case "mention":
      mentioned(message.paths);
      return;
    case "failed":
      failure.value = message.reason;
      return;
    default:
      message satisfies never;
  }
}

function flush(): void {
  let next: State | null = shown;
  for (const patch of waiting) next = next && applyPatch(next, patch);
  waiting = [];
  if (next) show(next, true);
  else post({ kind: "snapshot" });
}

function show(next: State, aloud: boolean): void {
  const before = shown;
  shown = next;
  batch(() => {
    if (next.session?.id !== before.session?.id) {
      home.value = false;
      failure.value = "";
      if (!next.session) post({ kind: "sessions" });
    }
    session.value = next.session;
    meter.value = next.meter;
    activity.value = next.activity;
    suggestion.value = next.suggestion;
    warning.value = next.warning;
    if (next.rows !== before.rows) showRows(next.rows, aloud);
  });
}

function showRows(next: Row[], aloud: boolean): void {
  for (const row of next) {
    const known = rows.get(row.id);
    if (aloud && known?.value !== row) announce(known?.value, row);
    if (known) known.value = row;
    else rows.set(row.id, signal(row));
  }
  const ids = next.map((row) => row.id);
  const changed = chunkRows(ids, rowChunks.value);
  if (changed !== rowChunks.value) {
    const present = new Set(ids);
    for (const id of rows.keys()) if (!present.has(id)) rows.delete(id);
    rowChunks.value = changed;
  }
  asking.value = next.some((row) => row.kind === "ask" && isPending(row));
  retryable.value = next.some((row) => row.kind === "notice" && row.retryable);
  const last = next.findLast((row) => row.kind === "compaction" && !row.undone);
  undoable.value = last?.kind === "compaction" ? last.compaction : "";
}

function announce(before: Row | undefined, row: Row): void {
  if (row.kind === "agent" && !row.streaming && (!before || (before.kind === "agent" && before.streaming))) {
    announcement.value = row.text.slice(0, 2000);
  }
  if (row.kind === "notice") announcement.value = row.text;
  if (row.kind === "ask" && isPending(row)) announcement.value = `The agent asks whether it may ${describeRequest(row)}. Allow or deny it in the chat.`;
  if (row.kind === "held") announcement.value = `A compaction through turn ${row.through} waits for your word`;
  if (row.kind === "archive" && row.status === "waiting") announcement.value = "A change of the project archive waits for you";
  if (row.kind === "compaction" && !before) announcement.value = `Compacted through turn ${row.through}`;
}
