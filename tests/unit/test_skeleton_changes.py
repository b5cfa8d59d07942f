"""What a log of changes says of two states of a file: the kinds of change, what breaks, and why."""

import pytest

from throughline.semantic_diff.outline_diff import OutlineChange, outline_difference
from throughline.skeleton.outline_reader import outline


def changes(path: str, before: str, after: str) -> tuple[OutlineChange, ...]:
    old, new = outline(path, before), outline(path, after)
    assert old is not None
    assert new is not None
    return outline_difference(old, new)


def check(path: str, before: str, after: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(one.kind, one.name, one.why) for one in changes(path, before, after)] == expected


def py(head: str) -> str:
    return f"{head}:\n    return 1\n"


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("def f(a)", "def f(a, b)", "`b` has to be given"),
        ("def f(a)", "def f(a, b=1)", ""),
        ("def f(a, c)", "def f(a, b=1, c=2)", "`b` stands before `c`"),
        ("def f(a, *, c)", "def f(a, *, b=1, c)", ""),
        ("def f(a)", "def f(a, *more, **rest)", ""),
        ("def f(a, b)", "def f(a)", "`b` is gone"),
        ("def f(a, b)", "def f(b, a)", "takes its parameters in another order: b, a"),
        ("def f(a=1)", "def f(a)", "`a` has to be given"),
        ("def f(a)", "def f(a=1)", ""),
        ("def f(a)", "def f(other)", "`a` is gone; `other` has to be given"),
        ("def f(a: int)", "def f(a: int | None)", ""),
        ("def f(a: Optional[int])", "def f(a: int)", "`a` is `int` instead of `Optional[int]`"),
        ("def f(a)", "def f(a: int)", ""),
        ("def f() -> int", "def f() -> int | None", "returns `int | None` instead of `int`"),
        ("def f() -> Optional[int]", "def f() -> int", ""),
        ("def f()", "def f() -> int", ""),
        ("def f()", "async def f()", "has to be awaited"),
        ("def _f(a)", "def _f(a, b)", ""),
    ],
)
def test_what_breaks_callers_in_python(before: str, after: str, why: str) -> None:
    name = "_f" if "_f" in before else "f"
    check("a.py", py(before), py(after), [("signature", name, why)])


@pytest.mark.parametrize(
    ("path", "before", "after", "why"),
    [
        ("a.ts", "export function f(a: string) {}", "export function f(a: string, b?: number) {}", ""),
        ("a.ts", "export function f(a: string) {}", "export function f(name: string) {}", ""),
        ("a.ts", "export function f(a: string) {}", "export function f(a: string | number) {}", ""),
        ("a.ts", "export function f(a: string) {}", "function f(a: string) {}", "is no longer exported"),
        ("a.ts", "class A { f() {} }", "class A { private f() {} }", "may be used by fewer: private"),
        ("a.js", "function f(a) {}", "function f(a, b) {}", "`b` has to be given"),
        ("a.go", "func F(a int) {}", "func F(a, b int) {}", "`b` has to be given"),
        ("a.go", "func F() int {}", "func F() (int, error) {}", "returns `(int, error)` instead of `int`"),
        ("a.go", "func F(a int) {}", "func F(a int, more ...int) {}", ""),
        ("a.go", "func f(a int) {}", "func f(a, b int) {}", ""),
        ("a.rs", "pub fn f() {}", "fn f() {}", "is no longer exported"),
        ("a.rs", "pub fn f(a: u8) {}", "pub fn f(a: u16) {}", "`a` is `u16` instead of `u8`"),
        ("a.rs", "fn f(a: u8) {}", "fn f(a: u16) {}", ""),
        ("a.java", "class A { public int f() {} }", "class A { int f() {} }", "may be used by fewer: package"),
        ("a.java", "class A { public int f() {} }", "class A { public long f() {} }",
         "returns `long` instead of `int`"),
        ("a.java", "class A { int f(int a) {} }", "class A { int f(int a, int b) {} }", ""),
        ("a.cs", "class A { public int F(int a) {} }", "class A { public int F(int a, int b = 1) {} }", ""),
        ("a.cs", "class A { public int F(int a) {} }", "class A { internal int F(int a) {} }",
         "may be used by fewer: internal"),
        ("a.c", "int f(int a) { return 1; }", "int f(long a) { return 1; }", "`a` is `long` instead of `int`"),
        ("a.c", "int f(int a) { return 1; }", "int f(int b) { return 1; }", ""),
        ("a.cpp", "class A { public: int f(); };", "class A { private: int f(); };", "may be used by fewer: private"),
        ("a.cpp", "int f(int a);", "int f(int a, int b = 2);", ""),
    ],
)  # fmt: skip
def test_what_breaks_callers_elsewhere(path: str, before: str, after: str, why: str) -> None:
    made = [one for one in changes(path, before, after) if one.kind == "signature"]
    assert [one.why for one in made] == [why]
    assert [one.breaking for one in made] == [bool(why)]


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("a.py", "import a\n", "import b\n", [("import", "", "")]),
        ("a.py", "X = 1\n", "X = 2\n", [("value", "X", "")]),
        ("a.py", py("def f(a=1)"), py("def f(a=2)"), [("value", "f", "")]),
        (
            "a.py",
            "def f():\n    return 1\n",
            "def f():\n    raise ValueError\n",
            [("body", "f", ""), ("raises", "f", "")],
        ),
        (
            "a.py",
            "class A:\n    def __init__(self): pass\n",
            "class A:\n    def __init__(self, db: Database, size: int = 1): pass\n",
            [("signature", "A.__init__", "`db` has to be given"), ("dependency", "A", "")],
        ),
        (
            "a.java",
            "class A { A() { } }",
            "class A { A(Clock clock, int size) { } }",
            [("signature", "A.A", ""), ("dependency", "A", "")],
        ),
        ("a.py", py("def first(a, b)"), py("def second(a, b)"), [("renamed", "second", "whoever uses the old name")]),
        (
            "a.py",
            "def read_all(a, b):\n    x = 1\n    return x\n",
            "def read_many(a, b):\n    x = 2\n    return x\n",
            [("renamed", "read_many", "whoever uses the old name")],
        ),
        ("a.py", py("def f(a)"), "", [("removed", "f", "whoever uses it")]),
        ("a.py", py("def _f(a)"), "", [("removed", "_f", "")]),
        ("a.go", "const (\n\tA = 1\n)\n", "const (\n\tA = 1\n\tB = 2\n)\n", [("added", "B", "")]),
        (
            "a.ts",
            "interface A { a(): void }",
            "interface A { a(): void; b(): void; c?(): void }",
            [("added", "A.b", "whoever implements it has to have it"), ("added", "A.c", "")],
        ),
        (
            "a.rs",
            "pub trait A { fn a(&self); }",
            "pub trait A { fn a(&self); fn b(&self); fn c(&self) { x() } }",
            [("added", "A.b", "whoever implements it has to have it"), ("added", "A.c", "")],
        ),
        (
            "a.py",
            "class A:\n    def f(self): pass\n",
            "class A:\n    def f(self): pass\n    @abstractmethod\n    def g(self): pass\n",
            [("added", "A.g", "whoever derives from it has to write it")],
        ),
        ("a.py", "class A(B, C): ...", "class A(B): ...", [("signature", "A", "is no `C` any more")]),
        ("a.cs", "class A { public int P { get { return 1; } } }", "class A { public int P { get { return 2; } } }",
         [("body", "A.P", "")]),
    ],
)  # fmt: skip
def test_every_kind_of_change(path: str, before: str, after: str, expected: list[tuple[str, str, str]]) -> None:
    check(path, before, after, expected)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("import a\n", "import b\n", "now imports `b`, and no longer imports `a`"),
        (py("def f(a)"), py("def f(a, b)"), "`f(a)` became `f(a, b)` (breaking: `b` has to be given)"),
        (py("def f(a)"), "def f(a):\n    raise E\n", "`f` changed inside"),
        (py("def f(a)"), "", "`f(a)` is gone (breaking: whoever uses it)"),
        ("X = 1", "X = 2", "`X = 1` became `X = 2`"),
    ],
)
def test_a_change_says_itself_in_a_sentence(before: str, after: str, sentence: str) -> None:
    assert changes("a.py", before, after)[0].sentence == sentence
