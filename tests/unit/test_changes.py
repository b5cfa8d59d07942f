"""What a change of one file is said to be."""

from __future__ import annotations

import pytest

from throughline.domain.changes import ChangeSummary, FileChange, FileSide
from throughline.semantic_diff.changelog import changelog_markdown, summarize_file

STORE = '''"""A store."""
import json

LIMIT = 10

class Store:
    """Keeps things."""
    def __init__(self, path: str):
        self.path = path

    def get(self, key: str, default=None) -> str:
        if not key:
            raise KeyError(key)
        return json.loads(key)

    def _inner(self): return 1

def merge(left, right): return left + right
'''


def side(text: str | None, **more: object) -> FileSide | None:
    return None if text is None else FileSide(text=text, size=len(text), **more)  # type: ignore[arg-type]


def said(path: str, before: str | None, after: str | None, was: str = "") -> ChangeSummary:
    return summarize_file(FileChange(path, side(before), side(after), was))


def lines(one: ChangeSummary) -> list[str]:
    return [line.strip().removeprefix("- ") for line in changelog_markdown([one]).splitlines()]


PYTHON = [
    (
        "a body",
        ("return json.loads(key)", "return json.loads(key.strip())"),
        ["`a.py`: Changes what happens in `Store.get`."],
    ),
    (
        "a new import and what uses it",
        ("import json\n", "import json\nimport zlib\n"),
        ["`a.py`: Changes what it imports.", "New dependencies: `zlib`"],
    ),
    (
        "a service that is given in",
        ("path: str)", "path: str, mailer: Mailer)"),
        [
            "`a.py`: Changes how to use `Store.__init__`. **Breaking.**",
            "New dependencies: `mailer: Mailer`, given to `Store`",
            "Interface: **breaking** `Store.__init__(self, path: str)` → "
            "`Store.__init__(self, path: str, mailer: Mailer)`: `mailer` has to be given",
        ],
    ),
    (
        "an optional parameter breaks nobody",
        ("default=None) ->", "default=None, strict=False) ->"),
        [
            "`a.py`: Changes how to use `Store.get`.",
            "Interface: `Store.get(self, key: str, default=None) -> str` → "
            "`Store.get(self, key: str, default=None, strict=False) -> str`",
        ],
    ),
    (
        "a default that is lost",
        ("default=None)", "default)"),
        [
            "`a.py`: Changes how to use `Store.get`. **Breaking.**",
            "Interface: **breaking** `Store.get(self, key: str, default=None) -> str` → "
            "`Store.get(self, key: str, default) -> str`: `default` has to be given",
        ],
    ),
    (
        "a default that is another",
        ("default=None", "default=''"),
        ["`a.py`: Changes values.", "Errors and defaults: `Store.get`: `default` defaults to `''`, was `None`"],
    ),
    (
        "an error that is raised now, and one that is not",
        ("raise KeyError(key)", "raise ValueError(key)"),
        [
            "`a.py`: Changes what happens in `Store.get`.",
            "Errors and defaults: `Store.get` raises `ValueError` now; `Store.get` no longer raises `KeyError`",
        ],
    ),
    ("a constant", ("= 10", "= 20"), ["`a.py`: Changes values.", "Errors and defaults: `LIMIT` is `20`, was `10`"]),
    (
        "a parameter that others may name is called otherwise",
        ("merge(left, right): return left + right", "merge(left, other): return left + other"),
        [
            "`a.py`: Changes how to use `merge`. **Breaking.**",
            "Interface: **breaking** `merge(left, right)` → `merge(left, other)`: "
            "`right` is gone; `other` has to be given",
        ],
    ),
    (
        "arguments in another order",
        ("merge(left, right)", "merge(right, left)"),
        [
            "`a.py`: Changes how to use `merge`. **Breaking.**",
            "Interface: **breaking** `merge(left, right)` → `merge(right, left)`: "
            "takes its parameters in another order: right, left",
        ],
    ),
    (
        "a function that is gone",
        ("def merge(left, right): return left + right\n", ""),
        ["`a.py`: Removes `merge`. **Breaking.**", "Interface: **breaking** `merge(left, right)` is gone"],
    ),
    (
        "a function that is renamed",
        ("def merge(", "def join("),
        ["`a.py`: Renames `merge` to `join`. **Breaking.**", "Interface: **breaking** `merge` is now `join`"],
    ),
    (
        "what is private is no interface",
        ("def _inner(self): return 1", "def _inner(self, deep): return deep"),
        ["`a.py`: Changes how to use `Store._inner`."],
    ),
    (
        "what becomes asynchronous",
        ("def merge(", "async def merge("),
        [
            "`a.py`: Changes how to use `merge`. **Breaking.**",
            "Interface: **breaking** `def merge(left, right)` → `async def merge(left, right)`: has to be awaited",
        ],
    ),
    (
        "code that runs on loading",
        ("\ndef merge", "\nprint(1)\n\ndef merge"),
        ["`a.py`: Changes what runs when it is loaded."],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), [case[1:] for case in PYTHON], ids=[case[0] for case in PYTHON])
def test_a_change_of_a_source_file_says_what_it_means(change: tuple[str, str], expected: list[str]) -> None:
    assert change[0] in STORE
    assert lines(said("a.py", STORE, STORE.replace(*change))) == expected


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.py", STORE, STORE.replace('"""Keeps things."""', '"""Keeps other things.\n\n    At length.\n    """')),
        ("a.py", STORE, STORE.replace("return left + right", "\\\n    return left + right  # both")),
        ("a.py", STORE, STORE.replace("path: str):", "\n        path: str,  # where\n    ):")),
        ("a.py", STORE, STORE.replace("\n", "\r\n")),
        ("a.py", "f('a')\n", 'f(\n    "a",\n)\n'),
        ("a.ts", "const f = (a: A) => { return a; }\n", "// Same\nconst f = (\n  a: A,\n) => {\n  return a\n}\n"),
        ("notes.txt", "one two\n\nthree\n", "one  two\nthree   \n"),
    ],
)  # fmt: skip
def test_layout_comments_and_documentation_are_named_at_the_end(path: str, before: str, after: str) -> None:
    assert before != after
    one = said(path, before, after)
    assert one.quiet
    assert changelog_markdown([one]) == f"- Only white space, comments or layout: `{path}`\n"


TYPESCRIPT = [
    (
        "export interface Shop { name: string }",
        "export interface Shop { name: string; size: number; note?: string }",
        [
            "`a.ts`: Adds `Shop.size`, `Shop.note`. **Breaking.**",
            "Interface: **breaking** `Shop.size: number` is new: whoever implements it has to have it; "
            "`Shop.note: string` is new",
        ],
    ),
    (
        "export function f(a: string): string { return a }",
        "export function f(a: string | null): string | null { return a }",
        [
            "`a.ts`: Changes how to use `f`. **Breaking.**",
            "Interface: **breaking** `f(a: string): string` → `f(a: string | null): string | null`: "
            "returns `string | null` instead of `string`",
        ],
    ),
    ("function f(a: number) {}\nexport const g = 1", "function f(a: string) {}\nexport const g = 1", [
        "`a.ts`: Changes how to use `f`.",
    ]),
    (
        'import { a } from "./a"\nexport class A { constructor(private x: Clock) {} }',
        'import { a } from "./a"\nimport { m } from "mail"\n'
        "export class A { constructor(private x: Clock, private readonly m: Mailer) {} }",
        [
            "`a.ts`: Changes how to use `A.constructor`. **Breaking.**",
            "New dependencies: `mail`, `m: Mailer`, given to `A`",
            "Interface: **breaking** `A.constructor(private x: Clock)` → "
            "`A.constructor(private x: Clock, private readonly m: Mailer)`: `m` has to be given",
        ],
    ),
    ("export class A {}", "export class A extends B {}", [
        "`a.ts`: Changes how to use `A`.",
        "Interface: `export class A` → `export class A extends B`",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), TYPESCRIPT)
def test_a_typed_language_breaks_by_its_types(before: str, after: str, expected: list[str]) -> None:
    assert lines(said("a.ts", before, after)) == expected


OTHERS = [
    ("a.go", "package p\nfunc Get(k string) {}\n", "package p\nfunc Get(k string, n int) {}\n", [
        "`a.go`: Changes how to use `Get`. **Breaking.**",
        "Interface: **breaking** `Get(k string)` → `Get(k string, n int)`: `n` has to be given",
    ]),
    ("a.rs", "pub fn get() -> u8 { 1 }\nfn own() {}\n", "pub fn get() -> u8 { 2 }\n", [
        "`a.rs`: Removes `own`, changes what happens in `get`.",
    ]),
    ("A.java", "public class A { public int f() { return 1; } }", "public class A { public long f() { return 1; } }", [
        "`A.java`: Changes how to use `A.f`. **Breaking.**",
    ]),
    ("a.c", "static int f(int a) { return a; }\nint g(void) { return 1; }\n", "int g(void) { return 1; /* one */ }\n", [
        "`a.c`: Removes `f`.",
    ]),
    ("a.py", "def f(a):\n    return a\n", "def f(a):\n    open(a)\n    return a\n", [
        "`a.py`: Changes what happens in `f`.", "Errors and defaults: `f` now: I/O",
    ]),
    ("a.py", "class A:\n    def f(self): return 1\n", "class A:\n    if x:\n        y()\n    def f(self): return 1\n", [
        "`a.py`: Changes what happens in `A`.",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "before", "after", "expected"), OTHERS)
def test_every_language_says_what_it_means(path: str, before: str, after: str, expected: list[str]) -> None:
    assert lines(said(path, before, after))[: len(expected)] == expected


LINK = FileSide("link", "old/place")
ONE_LINE = [
    (FileChange("logo.png", None, FileSide(size=1200)), "`logo.png`: Binary, new: 1,200 bytes."),
    (FileChange("logo.png", FileSide(size=1200), FileSide(size=3400)), "`logo.png`: Binary: 1,200 → 3,400 bytes."),
    (FileChange("logo.png", FileSide(size=1200), None), "`logo.png`: Binary, gone: 1,200 bytes."),
    (FileChange("lib", FileSide("submodule", "a" * 40), FileSide("submodule", "b" * 40)),
     "`lib`: Submodule at `bbbbbbbbbbbb`, was at `aaaaaaaaaaaa`."),
    (FileChange("lib", None, FileSide("submodule", "b" * 40)), "`lib`: Submodule, new, at `bbbbbbbbbbbb`."),
    (FileChange("lib", FileSide("submodule", "b" * 40), FileSide("submodule", "b" * 40)),
     "`lib`: Submodule with changes of its own that are not committed."),
    (FileChange("now", LINK, FileSide("link", "new/place")), "`now`: Link to `new/place`, was to `old/place`."),
    (FileChange("now", LINK, side("text")), "`now`: Was a link, is a file."),
    (FileChange("run.sh", side("x\n"), side("x\n", executable=True)), "`run.sh`: Can be run as a program now."),
    (FileChange("b.py", side(STORE), side(STORE), was="a.py"), "`b.py` (was `a.py`): Moved."),
    (FileChange("poetry.lock", side("a\nb\n"), side("a\nc\nd\n")), "`poetry.lock`: Lock file: 2 new lines, 1 gone."),
    (FileChange("api.py", side("# Generated by x. DO NOT EDIT.\na = 1\n"),
            side("# Generated by x. DO NOT EDIT.\na = 2\n")),
     "`api.py`: Generated file: 1 new line, 1 gone."),
    (FileChange("api.py", side("a = 1\n"), side("a = 2\n"), generated=True),
     "`api.py`: Generated file: 1 new line, 1 gone."),
    (FileChange("a.py", side("a"), side("<<<<<<< one\na\n=======\nb\n>>>>>>> two\n"), unmerged=True),
     "`a.py`: In conflict: 1 place to resolve."),
    (FileChange("a\nb.txt", side("a\n"), side("a\nb\n")), "`'a\\nb.txt'`: 1 new line, 0 gone."),
    (FileChange("list.txt", side("a\nb\n"), side("b\na\n")), "`list.txt`: The same lines in another order."),
    (FileChange("notes.md", None, side("a\nb\n")), "`notes.md`: New: 2 lines."),
    (FileChange("notes.md", side("a\nb\n"), None), "`notes.md`: Gone: 2 lines."),
]  # fmt: skip


@pytest.mark.parametrize(("delta", "expected"), ONE_LINE)
def test_what_is_no_source_takes_one_line(delta: FileChange, expected: str) -> None:
    assert lines(summarize_file(delta)) == [expected]


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("a.toml", "[server]\nport = 80\n[mail]\nport = 25\n", "[server]\nport = 8080\n[mail]\nport = 25\n",
         ["`server.port` is `8080`, was `80`"]),
        ("a.yaml", "web:\n  image: a:1\n  retries: 3\ndb:\n  image: b:1\n",
         "web:\n  image: a:2\n  retries: 3\ndb:\n  image: b:1\n",
         ["`web.image` is `a:2`, was `a:1`"]),
        ("a.json", '{\n  "debug": false,\n  "log": {\n    "level": "info"\n  }\n}\n',
         '{\n  "debug": true,\n  "log": {\n    "level": "warn"\n  }\n}\n',
         ["`debug` is `true`, was `false`", '`log.level` is `"warn"`, was `"info"`']),
        (".env", "TIMEOUT=30\nA=1\n", "TIMEOUT=60\nA=1\n", ["`TIMEOUT` is `60`, was `30`"]),
        ("notes.md", "We do this: always.\n", "We do that: always.\n", []),
    ],
)  # fmt: skip
def test_settings_say_which_values_changed(path: str, before: str, after: str, expected: list[str]) -> None:
    assert list(said(path, before, after).behaviour) == expected


def test_a_new_file_says_what_it_offers_and_one_that_is_gone_breaks_who_used_it() -> None:
    assert lines(said("a.py", None, STORE)) == ["`a.py`: New: `LIMIT`, `Store`, `merge`.", "New dependencies: `json`"]
    assert lines(said("a.py", STORE, None)) == [
        "`a.py`: Gone. **Breaking.**", "Interface: **breaking** gone: `LIMIT`, `Store`, `merge`",
    ]  # fmt: skip


def test_a_big_change_is_counted_and_not_cut() -> None:
    before = "".join(f"def f{n}(a): return {n}\n" for n in range(300))
    after = "".join(f"def f{n}(a, b): return {n}\n" for n in range(300))
    one = said("a.py", before, after)
    assert one.said.endswith("and 288 more.")
    assert len(one.interface) == 300
    assert all(step.breaking for step in one.interface)
