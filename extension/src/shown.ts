/** A text as the editor knows a file: what is in it, and when it last changed, in milliseconds. */
export interface Version {
  readonly text: string;
  readonly moved: number;
}

/**
 * A text that a document shows: the newest, and the one that the editor itself has.
 *
 * The two differ from a save on until the editor has read what was made of it, and for as long as somebody goes on
 * writing. What is written is an edit of the editor's own, never of the newest: what nobody saw, nobody deleted.
 */
export class Shown {
  #newest: Version;
  #base: Version;
  #made: string | undefined;

  constructor(
    text: string,
    readonly now: () => number = Date.now,
  ) {
    this.#newest = { text, moved: now() };
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
  version(dirty: boolean): Version {
    return dirty ? this.#base : this.#newest;
  }

  /** Takes a newer text: whether it is another one. */
  put(text: string): boolean {
    if (text === this.#newest.text) return false;
    this.#newest = { text, moved: this.#later() };
    return true;
  }

  /** The editor shows this text, without an edit of its own. */
  loaded(text: string): void {
    const newest = lines(text) === lines(this.#newest.text);
    this.#base = newest ? this.#newest : { text, moved: this.#base.moved };
  }

  /** The editor's text was taken over: that is what it shows until it reads what was `made` of it. */
  saved(text: string, made: string): void {
    this.#newest = { text, moved: this.#later() };
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
    return Math.max(this.now(), this.#newest.moved + 1, this.#base.moved + 1);
  }
}

function lines(text: string): string {
  return text.replaceAll("\r\n", "\n");
}
