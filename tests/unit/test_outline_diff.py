"""What the hover says of two states of a file."""

import pytest

from throughline.semantic_diff.outline_diff import describe_changes, outline_difference
from throughline.skeleton.outline_reader import outline

CASES = [
    ("a.py", "def f(a): pass", "def f(a, b): pass", ["model saw `f(a)`, file has `f(a, b)`"]),
    ("a.py", "def f(a): pass", "def f(\n    a,  # same\n): pass", []),
    ("a.py", "def f(a): return 1", "def f(a): return 2", ["`f` changed inside"]),
    ("a.py", "def f(a): pass", "async def f(a): pass", ["model saw `def f(a)`, file has `async def f(a)`"]),
    (
        "a.py",
        "class A:\n    def m(self): pass\n",
        "class A:\n    @property\n    def m(self): pass\n    def n(self) -> int: return 1\n",
        ["model saw `def m(self)`, file has `@property def m(self)`", "`A.n(self) -> int` is new"],
    ),
    ("a.py", "def f(): return 1\nx = 1", "def g(): return 1\nx = 2", [
        "model saw `x = 1`, file has `x = 2`", "`f` is now `g`",
    ]),
    ("a.py", "def f(a): return a", "class A:\n    def f(a): return a\n", ["`class A` is new", "`f(a)` is gone"]),
    ("a.py", "class A:\n    def f(a): return a\n", "class A: pass\ndef f(a): return a\n", ["`A.f` is now `f`"]),
    ("a.py", "X = [\n 1,\n]", "X = [\n 2,\n]", ["`X` changed inside"]),
    (
        "a.ts",
        "export function f(a: string): void;\nexport function f(a: any) { x(); }",
        "export function f(a: any) { x(); }\nexport const g = async (b = 1): Promise<void> => {};",
        ["`g(b = 1): Promise<void>` is new", "`f(a: string): void` is gone"],
    ),
    ("a.ts", "interface A { a: string }", "interface A { a: number; b?: A }", [
        "model saw `A.a: string`, file has `A.a: number`", "`A.b: A` is new",
    ]),
    ("a.ts", "export class A extends B { m() {} }", "export class A extends C { m() {} }", [
        "model saw `export class A extends B`, file has `export class A extends C`",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "before", "after", "expected"), CASES)
def test_a_change_is_one_sentence(path: str, before: str, after: str, expected: list[str]) -> None:
    old, new = outline(path, before), outline(path, after)
    assert old is not None
    assert new is not None
    assert describe_changes(outline_difference(old, new)) == expected
