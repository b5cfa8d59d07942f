// Keeps the timetable of a small ferry.
import { readFile } from "node:fs/promises";
import type { Clock } from "./clock";
import Deck, * as decks from "./deck";

/** How many may board. */
export const LIMIT = 80;
const FARES: Record<string, number> = { adult: 3, child: 1 };
declare const VERSION: string;

export type Place = "bow" | "stern" | { row: number };
export enum State {
  Waiting = "waiting",
  Sailing = "sailing",
}

/** Something with a name. */
export interface Named<T extends object = {}> extends Iterable<T> {
  readonly name: string;
  size?: number;
  rename(to: string): void;
  [key: string]: unknown;
}

export abstract class Vessel<T = Place> implements Named {
  static built = 1907;
  #crew = 0;
  protected readonly places: T[] = [];
  [key: string]: unknown;

  constructor(readonly name: string, private clock: Clock, public size: number = LIMIT) {}

  abstract sail(to: Place): Promise<void>;

  /** Takes people on board. */
  board(count: number): void;
  board(count: number, place?: T): void;
  board(count: number, place?: T): void {
    if (count > this.size) throw new RangeError("too many");
    this.#crew += count;
    if (place) this.places.push(place);
  }

  get crew(): number {
    return this.#crew;
  }

  set crew(value: number) {
    this.#crew = value;
  }

  async log<K extends keyof this>(key: K, { deep = false, into }: { deep?: boolean; into: string[] }): Promise<this[K]> {
    into.push(await readFile(String(key), "utf8"));
    return this[key];
  }

  rename(to: string): void {
    console.log(to);
  }

  *[Symbol.iterator](): Iterator<never> {}
}

export default class Ferry extends Vessel {
  sail = async (to: Place): Promise<void> => {
    await fetch(`/sail/${to}`);
  };
}

export function fare(kind: keyof typeof FARES, ...rest: number[]): number {
  return rest.reduce((sum, one) => sum + one, FARES[kind] ?? 0);
}

export const fold = <A, B>(items: readonly A[], by: (a: A) => B): B[] => items.map(by);

namespace Harbour {
  export function open(gate: string): boolean {
    return gate === VERSION;
  }
}

declare module "./deck" {
  interface Deck {
    length: number;
  }
}
