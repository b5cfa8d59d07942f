import { EventEmitter, type Disposable } from "vscode";
import type { Patch, State } from "./protocol";
import { applyPatch, EMPTY } from "./reducer";

/** A change of the state: a patch that followed on the state before, or a whole state. */
export type StateChange = { kind: "patch"; patch: Patch } | { kind: "whole" };

/**
 * The editor's copy of the sidecar's state. Views read `state`; the sidecar alone changes it. When the sidecar is
 * gone, what it said last stays to be read.
 */
export class StateStore implements Disposable {
  #state = EMPTY;
  #loads = 0;
  #during: Patch[] = [];
  readonly #changed = new EventEmitter<StateChange>();
  readonly onDidChange = this.#changed.event;

  get state(): State {
    return this.#state;
  }

  /** Takes a patch; false where one before it was missed. */
  apply(patch: Patch): boolean {
    if (this.#loads > 0) this.#during.push(patch);
    const next = applyPatch(this.#state, patch);
    if (next === null) return this.#loads > 0;
    if (next !== this.#state) {
      this.#state = next;
      this.#changed.fire({ kind: "patch", patch });
    }
    return true;
  }

  /** Takes the whole state that a request answers. Patches that overtook the answer are applied on top of it. */
  async load(answer: Promise<State>): Promise<State> {
    this.#loads += 1;
    try {
      const whole = await answer;
      this.#state = this.#during.reduce((state, patch) => applyPatch(state, patch) ?? state, whole);
    } finally {
      this.#loads -= 1;
      if (this.#loads === 0) this.#during = [];
    }
    this.#changed.fire({ kind: "whole" });
    return this.#state;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
