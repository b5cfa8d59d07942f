import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { post } from "./bridge";
import { Icon } from "./icons";
import { mentionOf, mentions } from "./mentions";
import { matching, rest, type Slash } from "./slash";
import { busy, draft, following, found, look, mention, session, suggestion, toggleHome, warning, write } from "./store";

const OPTIONS = "slash-commands";
const COST = "cost-warning";

/** Where the next message is written. */
export function Composer() {
  const highlighted = useSignal(0);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (document.hasFocus()) area.current?.focus();
  }, []);
  if (session.value?.readonly) return <Closed />;

  const options = mention.value ? found.value.map(fileOption) : matching(draft.value).map(slashOption);
  const chosen = options[Math.min(highlighted.value, options.length - 1)];
  const take = (option: Option | undefined, whole: boolean) => {
    const cursor = area.current && option?.take(whole);
    if (typeof cursor === "number") requestAnimationFrame(() => area.current?.setSelectionRange(cursor, cursor));
    highlighted.value = 0;
    area.current?.focus();
  };
  const key = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const enter = event.key === "Enter" && !event.shiftKey;
    if (options.length > 0 && move(event, options.length, highlighted)) return event.preventDefault();
    if (chosen && (enter || (event.key === "Tab" && !event.shiftKey))) {
      event.preventDefault();
      return take(chosen, enter);
    }
    if (enter || takeSuggestion(event)) event.preventDefault();
    if (enter) submit();
  };
  return (
    <section class="composer" aria-label="Next message">
      {suggestion.value && <Suggestion text={suggestion.value} />}
      {warning.value && <Warning text={warning.value} />}
      {options.length > 0 && <Menu options={options} chosen={chosen} take={(option) => take(option, true)} />}
      <div class="field" onClick={() => area.current?.focus()} onDragOver={allow} onDrop={drop}>
        <textarea
          ref={area}
          rows={1}
          value={draft.value}
          placeholder={busy.value ? "Write the next message; it is queued" : "Ask, @ a file, or type / for commands"}
          aria-label="Message"
          aria-autocomplete="list"
          aria-describedby={warning.value ? COST : undefined}
          aria-controls={options.length > 0 ? OPTIONS : undefined}
          aria-activedescendant={chosen ? `option${chosen.name}` : undefined}
          onInput={(event) => {
            highlighted.value = 0;
            write(event.currentTarget.value);
            look(event.currentTarget.value, event.currentTarget.selectionStart);
          }}
          onBlur={() => (mention.value = null)}
          onKeyDown={key}
        />
        {busy.value && (
          <button class="icon-button" aria-label="Stop" title="Stop" onClick={() => post({ kind: "cancel" })}>
            <Icon name="stop" />
          </button>
        )}
        <button class="icon-button send" aria-label="Send" title="Send (Enter)" disabled={!draft.value.trim()} onClick={() => (chosen ? take(chosen, true) : submit())}>
          <Icon name="send" />
        </button>
      </div>
    </section>
  );
}

/** What the next message would pay again; it can be sent all the same. */
function Warning({ text }: { text: string }) {
  return (
    <p class="cost-warning" id={COST}>
      <Icon name="warning" />
      <span>{text}</span>
    </p>
  );
}

function Closed() {
  return (
    <section class="composer muted" aria-label="Next message">
      This session can be read, and takes no messages.{" "}
      <button class="link" onClick={toggleHome}>
        Start or resume another
      </button>
    </section>
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

/** One line of the open menu. Taking it `whole` does it; otherwise it is written out, and the cursor's place returned. */
interface Option {
  name: string;
  label: string;
  what: string;
  take(whole: boolean): number | undefined;
}

function slashOption(slash: Slash): Option {
  return {
    name: slash.name.slice(1),
    label: slash.takes ? `${slash.name} [${slash.takes}]` : slash.name,
    what: slash.what,
    take: (whole) => {
      if (!whole) return type(slash.takes ? `${slash.name} ` : slash.name);
      const said = rest(draft.value);
      write("");
      slash.act(said);
      return undefined;
    },
  };
}

function fileOption(path: string, at: number): Option {
  const [, folder = "", name = path] = /^(.*\/)?([^/]*)$/.exec(path) ?? [];
  return {
    name: `file${at}`,
    label: name,
    what: folder,
    take: () => {
      const place = mention.value;
      if (!place) return undefined;
      const before = `${draft.value.slice(0, place.at)}${mentionOf(path)} `;
      mention.value = null;
      found.value = [];
      write(before + draft.value.slice(place.at + 1 + place.query.length));
      return before.length;
    },
  };
}

function type(text: string): number {
  write(text);
  return text.length;
}

function Menu({ options, chosen, take }: { options: Option[]; chosen: Option | undefined; take(option: Option): void }) {
  return (
    <ul class="menu" id={OPTIONS} role="listbox" aria-label={mention.value ? "Files" : "Commands"}>
      {options.map((option) => (
        <li
          key={option.name}
          id={`option${option.name}`}
          role="option"
          aria-selected={option.name === chosen?.name}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => take(option)}
        >
          <span class="name">{option.label}</span>
          <span class="muted">{option.what}</span>
        </li>
      ))}
    </ul>
  );
}

/** The keys that move in an open menu, or close it. */
function move(event: KeyboardEvent, size: number, highlighted: { value: number }): boolean {
  if (event.key === "ArrowDown") highlighted.value = (highlighted.value + 1) % size;
  else if (event.key === "ArrowUp") highlighted.value = (highlighted.value + size - 1) % size;
  else if (event.key === "Escape" && mention.value) mention.value = null;
  else if (event.key === "Escape") write("");
  else return false;
  return true;
}

/** Tab in the empty composer takes the suggestion; anywhere else it moves on, as it should. */
function takeSuggestion(event: KeyboardEvent): boolean {
  if (event.key !== "Tab" || event.shiftKey || draft.value || !suggestion.value) return false;
  write(suggestion.value);
  return true;
}

/** What a drag from the explorer or from an editor's tab carries. */
const DRAGGED = ["application/vnd.code.uri-list", "text/uri-list"];

function allow(event: DragEvent): void {
  if (event.dataTransfer?.types.some((type) => DRAGGED.includes(type))) event.preventDefault();
}

function drop(event: DragEvent): void {
  const lists = DRAGGED.map((type) => event.dataTransfer?.getData(type) ?? "");
  const uris = (lists.find(Boolean) ?? "").split(/\r?\n/).filter((line) => line && !line.startsWith("#"));
  if (uris.length === 0) return;
  event.preventDefault();
  post({ kind: "dropped", uris });
}

function submit(): void {
  const text = draft.value.trim();
  if (!text) return;
  write("");
  send(text);
}

function send(text: string): void {
  following.value = true;
  post({ kind: "send", text, files: mentions(text) });
}
