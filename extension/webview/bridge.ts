import type { FromPage, PageCommand } from "../src/chat/messages";

interface Kept {
  draft: string;
}

declare function acquireVsCodeApi(): {
  postMessage(message: FromPage): void;
  getState(): Kept | undefined;
  setState(state: Kept): void;
};

const editor = acquireVsCodeApi();

/** Tells the extension. */
export function post(message: FromPage): void {
  editor.postMessage(message);
}

/** Runs one of the extension's commands. */
export function run(command: PageCommand, argument = ""): void {
  post({ kind: "run", command, argument });
}

/** The text that was being written when the page was last taken away. */
export function keptDraft(): string {
  return editor.getState()?.draft ?? "";
}

/** Keeps what is being written: at once for a page that is hidden, and with the extension for a window that reloads. */
export function keepDraft(draft: string): void {
  editor.setState({ draft });
  post({ kind: "draft", text: draft });
}
