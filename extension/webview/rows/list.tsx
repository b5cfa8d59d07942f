import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Icon } from "../icons";
import { activity, asking, following, rowChunks, status, target } from "../store";
import { elementId, RowView } from "./row";

/** Within this many pixels of the end, the list follows what is added. */
const NEAR = 32;

/** So many of the last chunks are shown at once; those before them follow, one at a time, when the page is idle. */
const AT_ONCE = 4;

/** The longest that an earlier chunk waits for an idle moment, in milliseconds. */
const WAIT = 1000;

/** The rows of the session. It stays at the end only where the reader is at the end. */
export function Rows() {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const first = useSignal(Math.max(0, rowChunks.peek().length - AT_ONCE));

  const follow = () => {
    if (following.value) box.current?.scrollTo({ top: box.current.scrollHeight });
  };
  useSignalEffect(follow);
  useEffect(() => {
    const seen = new ResizeObserver(follow);
    if (content.current) seen.observe(content.current);
    if (box.current) seen.observe(box.current);
    return () => seen.disconnect();
  }, []);
  useSignalEffect(() => {
    if (first.value === 0) return undefined;
    const idle = requestIdleCallback(() => (first.value -= 1), { timeout: WAIT });
    return () => cancelIdleCallback(idle);
  });
  useSignalEffect(() => {
    const wanted = target.value;
    if (!wanted) return;
    const holder = rowChunks.peek().findIndex((ids) => ids.includes(wanted.row));
    if (holder >= 0) first.value = Math.min(first.peek(), holder);
    requestAnimationFrame(() => {
      if (point(wanted.row)) following.value = false;
    });
  });

  return (
    <main class="rows">
      <div
        class="scroller"
        ref={box}
        tabIndex={0}
        role="region"
        aria-label="Conversation"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          following.value = scrollHeight - scrollTop - clientHeight < NEAR;
        }}
      >
        <div class="column" ref={content}>
          {rowChunks.value.map((ids, at) => (
            <RowChunk key={at} ids={at < first.value ? NONE : ids} />
          ))}
          <Doing />
        </div>
      </div>
      {!following.value && (
        <button class={asking.value ? "to-end asking" : "to-end"} aria-label="Go to the end of the conversation" title="Go to the end" onClick={() => (following.value = true)}>
          {asking.value && "The agent asks"} <Icon name="down" />
        </button>
      )}
    </main>
  );
}

/** A chunk that is not shown yet; it keeps its place by the size that the style sheet guesses. */
const NONE: string[] = [];

function Doing() {
  if (activity.value === "idle" || status.value.kind !== "running") return null;
  return (
    <p class="doing">
      <span class="spinner" /> {activity.value === "compacting" ? "Compacting …" : asking.value ? "Waiting for your answer …" : "Working …"}
    </p>
  );
}

function RowChunk({ ids }: { ids: string[] }) {
  return useMemo(
    () => (
      <div class="row-chunk">
        {ids.map((id) => (
          <RowView key={id} id={id} />
        ))}
      </div>
    ),
    [ids],
  );
}

/** Scrolls to a row and marks it for a moment; false where there is none. */
function point(row: string): boolean {
  const element = document.getElementById(elementId(row));
  if (!element) return false;
  element.scrollIntoView({ block: "center" });
  element.focus({ preventScroll: true });
  element.classList.add("pointed");
  element.addEventListener("animationend", () => element.classList.remove("pointed"), { once: true });
  return true;
}
