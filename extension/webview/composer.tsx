import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { post } from "./bridge";
import { Icon } from "./icons";
import { matching, type Slash } from "./slash";
import { busy, draft, following, session, suggestion, toggleHome, write } from "./store";

const OPTIONS = "slash-commands";

/** Where the next message is written. */
export function Composer() {
  const picked = useSignal(0);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (document.hasFocus()) area.current?.focus();
  }, []);
  if (session.value?.readonly) return <Closed />;

  const slashes = matching(draft.value);
  const chosen = slashes[Math.min(picked.value, slashes.length - 1)];
  const key = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const taken = slashes.length > 0 ? move(event, slashes.length, picked) : take(event);
    if (taken || (event.key === "Enter" && !event.shiftKey)) event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey) submit(chosen);
  };
  return (
    <section class="composer" aria-label="Next message">
      {suggestion.value && <Suggestion text={suggestion.value} />}
      {slashes.length > 0 && <Menu slashes={slashes} chosen={chosen} />}
      <div class="field" onClick={() => area.current?.focus()}>
        <textarea
          ref={area}
          rows={1}
          value={draft.value}
          placeholder={busy.value ? "Write the next message; it waits its turn" : "Ask, or type / for commands"}
          aria-label="Message"
          aria-autocomplete="list"
          aria-controls={slashes.length > 0 ? OPTIONS : undefined}
          aria-activedescendant={chosen ? `option${chosen.name}` : undefined}
          onInput={(event) => {
            picked.value = 0;
            write(event.currentTarget.value);
          }}
          onKeyDown={key}
        />
        {busy.value && (
          <button class="icon-button" aria-label="Stop" title="Stop" onClick={() => post({ kind: "cancel" })}>
            <Icon name="stop" />
          </button>
        )}
        <button class="icon-button send" aria-label="Send" title="Send (Enter)" disabled={!draft.value.trim()} onClick={() => submit(chosen)}>
          <Icon name="send" />
        </button>
      </div>
    </section>
  );
}

function Closed() {
  return (
    <p class="composer muted">
      This session can be read, and takes no messages.{" "}
      <button class="link" onClick={toggleHome}>
        Start or resume another
      </button>
    </p>
  );
}

function Suggestion({ text }: { text: string }) {
  return (
    <div class="suggestion">
      <span class="muted">Next in the recording</span>
      <span class="what" title={text}>
        {text}
      </span>
      {!draft.value && <kbd>Tab</kbd>}
      <button aria-label={`Send: ${text}`} disabled={busy.value} onClick={() => send(text)}>
        Send
      </button>
    </div>
  );
}

function Menu({ slashes, chosen }: { slashes: Slash[]; chosen: Slash | undefined }) {
  return (
    <ul class="menu" id={OPTIONS} role="listbox" aria-label="Commands">
      {slashes.map((slash) => (
        <li
          key={slash.name}
          id={`option${slash.name}`}
          role="option"
          aria-selected={slash === chosen}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => submit(slash)}
        >
          <span>{slash.name}</span>
          <span class="muted">{slash.what}</span>
        </li>
      ))}
    </ul>
  );
}

/** The keys of an open menu. */
function move(event: KeyboardEvent, size: number, picked: { value: number }): boolean {
  if (event.key === "ArrowDown") picked.value = (picked.value + 1) % size;
  else if (event.key === "ArrowUp") picked.value = (picked.value + size - 1) % size;
  else if (event.key === "Escape") write("");
  else if (event.key === "Tab" && !event.shiftKey) write(matching(draft.value)[picked.value]?.name ?? draft.value);
  else return false;
  return true;
}

/** Tab in the empty composer takes the suggestion; anywhere else it moves on, as it should. */
function take(event: KeyboardEvent): boolean {
  if (event.key !== "Tab" || event.shiftKey || draft.value || !suggestion.value) return false;
  write(suggestion.value);
  return true;
}

function submit(slash: Slash | undefined): void {
  const text = draft.value.trim();
  if (slash) {
    write("");
    slash.act();
  } else if (text) {
    write("");
    send(text);
  }
}

function send(text: string): void {
  following.value = true;
  post({ kind: "send", text });
}
