"""Whole skeletons of two samples, and the rules of the ladder."""

import pytest

from throughline.skeleton.languages.python import PYTHON as PYTHON_LANGUAGE
from throughline.skeleton.outline_reader import outline
from throughline.skeleton.render import LADDER, make_skeleton, write_outline

PYTHON = '''\
"""Keeps notes on disk.

More about that.
"""
import json
from pathlib import Path
from . import errors
from .text import (clean,  # tidy
                   fold as folded)

LIMIT: int = 80
TABLE = {
    "a": 1,
}


def register(name: str, *, tags: tuple[str, ...] = (), sep="  ") -> None:
    """Remember a name."""
    global known
    known = name
    raise errors.Taken(name)


@final
@traced("store", level=3)
class Store(Base, metaclass=Meta):
    # the notes by name
    kind: str = "plain"

    def __init__(self, root: Path, limit=LIMIT):
        """Open the store."""
        self.root = root
        self.notes: dict[str, str] = {}

    @property
    def size(self) -> int:
        return len(self.notes)

    async def put(self, name: str, /, text: str = "", *more: str, **meta: object) -> bool:
        """Write a note.

        Twice, if need be.
        """
        def local(): raise Hidden
        self.notes[name] = text
        (self.root / name).write_text(text)
        if not text:
            raise ValueError("empty")
        return True

    if LIMIT:
        class Inner:
            def deep(self): return 1
        def late(self, x): print(x)


if __name__ == "__main__":
    Store(Path("."))
'''

PYTHON_FULL = """\
# notes.py: skeleton of 58 lines, without bodies
# Keeps notes on disk
# imports: json, pathlib, .errors, .text
LIMIT: int = 80
TABLE = ...
def register(name: str, *, tags: tuple[str, ...] = (), sep="  ") -> None: ...  # Remember a name; \
raises errors.Taken; mutates globals
@final
@traced("store", level=3)
class Store(Base, metaclass=Meta):  # holds root, notes: dict[str, str]
    kind: str = "plain"
    def __init__(self, root: Path, limit=LIMIT): ...  # Open the store
    @property
    def size(self) -> int: ...
    async def put(self, name: str, /, text: str = "", *more: str, **meta: object) -> bool: ...  # Write a note; \
raises ValueError; mutates self; I/O
    class Inner:
        def deep(self): ...
    def late(self, x): ...  # I/O
# lines of code outside all of these: 2
"""

PYTHON_BARE = """\
# notes.py: skeleton, names only
def register(name, *, tags=(), sep=...): ...
class Store(Base, metaclass=Meta):
    def __init__(self, root, limit=...): ...
    def size(self): ...
    async def put(self, name, /, text="", *more, **meta): ...
    class Inner:
        def deep(self): ...
    def late(self, x): ...
"""

TYPESCRIPT = """\
import fs, { readFile } from "node:fs/promises";
import type { Note } from './note';
export * from "./errors";

/** How many notes fit. */
export const LIMIT = 80;

export type Shape = {
  name: string
  tags?: string[]
} | "none";

export interface Reader<in out T> extends Base<T> {
  readonly path: string;
  read?(name: string): Promise<T>;
  (all: boolean): T[];
}

export enum Level { Low = 1, High }

/**
 * Keeps notes.
 */
@Injectable({ scope: "root" })
export abstract class Store<T extends Note> extends Base<T> implements Reader<T> {
  private readonly notes = new Map<string, T>();
  #count?: number;

  constructor(@Inject(ROOT) private root: string, limit = LIMIT, ...rest: string[]) { super(); }

  /** Read one. */
  @Logged()
  async read(name: string): Promise<T> {
    if (!name) throw new NotFound(name);
    this.#count = 1;
    return fetch(name);
  }
  get size(): number { return 1; }
  find(name: string): T;
  find(name: string, { deep, wide = 2 }: Options = {}): T { return null!; }
  abstract close(): void;
  handle = async (event: Event): Promise<void> => { console.log(event); };
}

export const fold = <T,>(items: T[], by = (a: T) => a) => items, one = x => x;
declare function outside(a: string): void;
declare namespace Deep.Er { const z: number; function q(): void }
export const api = { get(id: string) { return 1; }, post: async (body) => {}, version: 1 };
export default async function (a: number) { return a; }
setup(() => { function local() {} });
"""

TYPESCRIPT_FULL = """\
// store.ts: skeleton of 50 lines, without bodies
// imports: node:fs/promises, ./note
export * from "./errors";
export const LIMIT = 80;  // How many notes fit
export type Shape = { name: string; tags?: string[] } | "none";
export interface Reader<in out T> extends Base<T> {
  readonly path: string;
  read?(name: string): Promise<T>;
  (all: boolean): T[];
}
export enum Level {
  Low = 1,
  High,
}
@Injectable({ scope: "root" })
export abstract class Store<T extends Note> extends Base<T> implements Reader<T> {  // Keeps notes
  private readonly notes = new Map<string, T>();
  #count?: number;
  constructor(@Inject(ROOT) private root: string, limit = LIMIT, ...rest: string[]);
  @Logged()
  async read(name: string): Promise<T>;  // Read one; raises NotFound; mutates this; external call
  get size(): number;
  find(name: string): T;
  find(name: string, { deep, wide = 2 }: Options = {}): T;
  abstract close(): void;
  handle = async (event: Event): Promise<void> => {};  // I/O
}
export const fold = <T,>(items: T[], by = (a: T) => a) => {};
export const one = (x) => {};
declare function outside(a: string): void;
declare namespace Deep.Er {
  const z: number;
  function q(): void;
}
export const api = {
  get(id: string) {},
  post: async (body) => {},
};
export default async function(a: number) {};
// lines of code outside all of these: 1
"""

TYPESCRIPT_BARE = """\
// store.ts: skeleton, names only
export * from "./errors";
export type Shape = { name: string; tags?: string[] } | "none";
export interface Reader<in out T> extends Base<T> {
  read?(name);
}
export enum Level {}
export abstract class Store<T extends Note> extends Base<T> implements Reader<T> {
  constructor(@Inject(ROOT) private root, limit?, ...rest);
  async read(name);
  get size();
  find(name);
  find(name, { deep, wide = 2 }?);
  abstract close();
  handle = async (event) => {};
}
export const fold = <T,>(items, by?) => {};
export const one = (x) => {};
declare function outside(a);
declare namespace Deep.Er {
  function q();
}
export const api = {
  get(id) {},
  post: async (body) => {},
};
export default async function(a) {};
"""


@pytest.mark.parametrize(
    ("path", "text", "share", "expected"),
    [
        ("notes.py", PYTHON, 1.0, PYTHON_FULL),
        ("notes.py", PYTHON, 0.0, PYTHON_BARE),
        ("store.ts", TYPESCRIPT, 1.0, TYPESCRIPT_FULL),
        ("store.ts", TYPESCRIPT, 0.0, TYPESCRIPT_BARE),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_skeleton_keeps_what_its_share_allows(path: str, text: str, share: float, expected: str, ends: str) -> None:
    made = make_skeleton(path, text.replace("\n", ends), len, share)
    assert made.text == expected
    assert (made.form, made.tokens) == ("skeleton", len(expected))


def test_every_rung_says_what_is_missing_and_takes_less() -> None:
    found = outline("notes.py", PYTHON)
    assert found is not None
    made = [write_outline(found, PYTHON_LANGUAGE, detail) for detail in range(len(LADDER))]
    sizes = [len(text[text.index("\n") :]) for text in made]
    assert sizes == sorted(set(sizes))
    assert made[-3].startswith("# notes.py: skeleton of 58 lines, without bodies, docs, fields\n")


def test_the_fullest_rung_within_the_share_is_taken() -> None:
    for percent in range(20, 80, 5):
        made = make_skeleton("notes.py", PYTHON, len, percent / 100)
        fuller = make_skeleton("notes.py", PYTHON, len, percent / 100 + 0.05)
        assert made.detail <= fuller.detail
        assert made.detail == 0 or made.tokens <= percent / 100 * len(PYTHON)


DECLARED = "\n".join(f"export interface Thing{n} {{ name: string; size: number }}" for n in range(20))
STUBS = "\n".join(f'def thing{n}(a: int) -> str:\n    """Do it."""\n    ...' for n in range(20))
NOTES = "\n".join(f"Part {n}\n  point\n    detail\n    more\n      most" for n in range(20))
SCRIPT = "import os\n" + "\n".join(f"if os.name == {n}:\n    for x in y:\n        call(x)" for n in range(20))


@pytest.mark.parametrize(
    ("path", "text", "form", "contains"),
    [
        ("a.py", "def f(): return 1\n", "whole", "def f(): return 1"),
        ("a.txt", "short", "whole", "# a.txt: whole file\nshort"),
        ("a.ts", DECLARED, "declarations", DECLARED),
        ("a.py", STUBS, "declarations", STUBS),
        ("a.txt", NOTES, "plain", "Part 0\n  point\n    …\nPart 1\n  point\n    …\nPart 2"),
        ("a.py", SCRIPT, "plain", "# a.py: outline by indentation of 61 lines"),
        ("a.ts", "test('x', () => {\n  call();\n});\n" * 30, "plain", "test('x', () => {\n… 27 more such lines\n"),
        ("a\nb.py", STUBS, "declarations", "# a b.py: "),
        ("flat.csv", "1,2,3\n" * 200, "plain", "1,2,3\n" * 3 + "… 197 more such lines\n"),
        ("unlike.csv", "\n".join("abcdefghij"[n % 10] * 20 for n in range(60)), "whole", "aaaa"),
    ],
)
def test_a_file_gets_the_form_that_fits_it(path: str, text: str, form: str, contains: str) -> None:
    made = make_skeleton(path, text, len, 0.6)
    assert made.form == form
    assert contains in made.text
    assert made.original_tokens == len(text)
