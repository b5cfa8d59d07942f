/** A text as the editor knows a file. */
export interface FileVersion {
  /** What is in it. */
  readonly text: string;
  /** When it last changed, in milliseconds since the epoch; later for each version. */
  readonly modified: number;
}

/**
 * Versions of a document's text: the newest, and the base that the editor's own text is an edit of.
 *
 * The two differ from a save on until the editor has read what was made of it, and for as long as somebody goes on
 * writing. What is written is an edit of the editor's own, never of the newest: what nobody saw, nobody deleted.
 */
export class DocumentVersions {
  #newest: FileVersion;
  #base: FileVersion;
  #made: string | undefined;

  constructor(
    text: string,
    readonly now: () => number = Date.now,
  ) {
    this.#newest = { text, modified: now() };
    this.#base = this.#newest;
  }

  /** The text that the editor's is an edit of. */
  get base(): string {
    return this.#base.text;
  }

  /** Whether the editor's text is an edit of what it has read, or of what it saved. */
  differs(text: string): boolean {
    return lines(text) !== lines(this.#base.text);
  }

  /** What a file would hold: with edits that are not saved, the version that the editor has, so that it sees no conflict. */
  version(dirty: boolean): FileVersion {
    return dirty ? this.#base : this.#newest;
  }

  /** Takes a newer text: whether it is another one. */
  put(text: string): boolean {
    if (text === this.#newest.text) return false;
    this.#newest = { text, modified: this.#later() };
    return true;
  }

  /** The editor shows this text, without an edit of its own. */
  loaded(text: string): void {
    const newest = lines(text) === lines(this.#newest.text);
    this.#base = newest ? this.#newest : { text, modified: this.#base.modified };
  }

  /** The editor's text was taken over: that is what it shows until it reads what was `made` of it. */
  saved(text: string, made: string): void {
    this.#newest = { text, modified: this.#later() };
    this.#base = this.#newest;
    this.#made = made;
  }

  /** What was made of the last save, once. */
  settled(): string | undefined {
    const made = this.#made;
    this.#made = undefined;
    return made;
  }

  #later(): number {
    return Math.max(this.now(), this.#newest.modified + 1, this.#base.modified + 1);
  }
}

function lines(text: string): string {
  return text.replaceAll("\r\n", "\n");
}
