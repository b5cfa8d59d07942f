"""Outlines of small sources: one table for each language."""

from collections.abc import Iterator

import pytest

from throughline.skeleton.model import Item, Outline
from throughline.skeleton.outline_reader import outline


def read(path: str, text: str) -> Outline:
    found = outline(path, text)
    assert found is not None
    return found


def flat(items: tuple[Item, ...], prefix: str = "") -> Iterator[tuple[str, str]]:
    for item in items:
        yield item.kind, prefix + item.name
        yield from flat(item.children, f"{prefix}{item.name}.")


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", "def f():\n\tdef g(): pass\n\tclass H: pass\n", [("function", "f")]),
        ("a.py", "try:\n  def f(): pass\nexcept E:\n  def f(a): pass\n", [("function", "f")] * 2),
        ("a.py", "type Row[T] = list[T]\n", [("type", "Row")]),
        ("a.py", "x = 1\nif x:\n    y = 2\n", [("constant", "x")]),
        (
            "a.py",
            "class A:\n  x: int\n  def __init__(self): self.x = 1; self.y = 2\n  def m(self): self.z = 1\n",
            [("class", "A"), ("field", "A.x"), ("method", "A.__init__"), ("attribute", "A.y"), ("method", "A.m")],
        ),
        ("a.py", "from typing import overload\n@overload\ndef f(a: int): ...\ndef f(a): pass", [("function", "f")] * 2),
        ("a.ts", "export default class { m() {} }", [("class", "default"), ("method", "default.m")]),
        ("a.ts", "export default { a: 1 };", [("constant", "default")]),
        ("a.ts", "const A = class extends B { m() {} };", [("class", "A"), ("method", "A.m")]),
        ("a.ts", "const f: Handler = (a) => { const g = () => 1; };", [("function", "f")]),
        ("a.ts", "class A { static make: () => A = () => new A() }", [("class", "A"), ("method", "A.make")]),
        ("a.ts", "declare global { interface Window { a: 1 } }", [
            ("namespace", "global"), ("interface", "global.Window"), ("field", "global.Window.a"),
        ]),
        ("a.ts", "namespace N { export function f() {} }", [("namespace", "N"), ("function", "N.f")]),
        ("a.ts", "export { a, b as c } from './x'; export * as d from './y'", [
            ("export", "{ a, b as c }"), ("export", "* as d"),
        ]),
        ("a.ts", "if (x) { function f() {} const y = 1; }", []),
        ("a.ts", "function* g() {} async function h() {}", [("function", "g"), ("function", "h")]),
        ("a.tsx", "export const App = ({ a }: P) => <b>{a}</b>;", [("function", "App")]),
        ("a.mts", "let a = 1, b: string", [("constant", "a"), ("constant", "b")]),
        ("a.py", "", []),
        ("a.py", "\ufeffdef f(): pass", [("function", "f")]),
    ],
)  # fmt: skip
def test_an_outline_names_what_others_can_see(path: str, text: str, expected: list[tuple[str, str]]) -> None:
    assert list(flat(read(path, text).items)) == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", "async def f(\n  a,  # why\n  b=\"x  #y\",\n): ...", 'async def f(a, b="x  #y")'),
        ("a.py", "class A[T: int](B, metaclass=M): ...", "class A[T: int](B, metaclass=M)"),
        ("a.py", "LONG = \\\n  '''text'''", "LONG = '''text'''"),
        ("a.py", "X: Final = [\n 1,\n 2,\n]", "X: Final = …"),
        ("a.ts", "type A = {\n  a: string\n  b(): void\n}", "type A = { a: string; b(): void }"),
        ("a.ts", "export  declare\nconst x :  number", "export declare const x: number"),
        ("a.ts", "function f(x: any): x is string { return true }", "function f(x: any): x is string"),
        ("a.ts", "@D({a: 1})\nexport class A<\n  T,\n> extends B {}", "export class A<T, > extends B"),
    ],
)  # fmt: skip
def test_a_signature_is_the_head_on_one_line(path: str, text: str, expected: str) -> None:
    assert read(path, text).items[0].signature == expected


@pytest.mark.parametrize(
    ("path", "text", "effects", "raises"),
    [
        ("a.py", "def f(): print(1)", ("I/O",), ()),
        ("a.py", "def f(): return subprocess.run([])", ("external call",), ()),
        ("a.py", "def f(self): self.a.append(1)", ("mutates self",), ()),
        ("a.py", "def f(self): return self.a.get(1)", (), ()),
        ("a.py", "def f():\n  try: g()\n  except E as e: raise\n  raise e", (), ()),
        ("a.py", "def f():\n  raise a.Bad from e\n  raise Worse(1)", (), ("a.Bad", "Worse")),
        ("a.py", "def f():\n  def g(): raise Bad\n  return g", (), ()),
        ("a.py", "def f(x):\n  # raise Bad\n  return 'raise Bad print(1)'", (), ()),
        ("a.ts", "function f() { xs.map(x => { throw new Bad(x); }); }", (), ("Bad",)),
        ("a.ts", "function f() { throw err; }", (), ()),
        ("a.ts", "async function f() { await fetch(u); console.log(1); }", ("external call", "I/O"), ()),
    ],
)
def test_effects_and_errors_are_those_of_the_function_itself(
    path: str, text: str, effects: tuple[str, ...], raises: tuple[str, ...]
) -> None:
    item = read(path, text).items[0]
    assert (item.effects, item.raises) == (effects, raises)


def test_an_item_knows_its_lines_decorators_and_bases() -> None:
    (item,) = read("a.ts", "\n/** Words. */\n@D\nexport class A extends B implements C {\n}\n").items
    assert (item.first_line, item.last_line) == (3, 5)
    assert (item.doc, item.decorators, item.bases) == ("Words.", ("@D",), ("B", "C"))


def test_imports_are_those_made_on_loading() -> None:
    text = "import a.b as c\nfrom .. import d\nfrom .e import f\ndef g():\n    import late\n"
    assert read("a.py", text).imports == ("a.b", "..d", ".e")
    assert read("a.ts", "import x from 'x'; const y = require('y');").imports == ("x", "y")


BODY = "def f(a):\n    x = 1\n    return x\n"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (BODY.replace("\n", "\r\n"), True),
        ("def f(a, b):\n\n    x = 1  # one\n    # then\n    return x\n", True),
        ('def f(a):\n    """Doc."""\n    x = 1\n    return x\n', True),
        ("if a:\n    def f(a):\n        x = 1\n        return x\n", True),
        (BODY.replace("1", "2"), False),
        ("def f(a):\n    x = 1\n    if x:\n        return x\n", False),
    ],
)
def test_a_body_hash_is_blind_to_comments_and_layout_alone(other: str, same: bool) -> None:
    one, two = read("a.py", BODY).items[0], read("a.py", other).items[0]
    assert (one.body_hash == two.body_hash) is same


@pytest.mark.parametrize(
    ("path", "broken"),
    [
        ("a.py", "def b(x:\n    return\n"),
        ("a.py", "def b(x): return (1\n"),
        ("a.py", "class b(: pass\n"),
        ("a.ts", "function b(x: { return 1 }\n"),
        ("a.ts", "class b { m( { }\n}\n"),
        ("a.ts", "const b = = 1;\n"),
    ],
)
def test_an_error_costs_only_its_own_definition(path: str, broken: str) -> None:
    head = "def {}(x):\n    return 1\n" if path == "a.py" else "function {}(x) {{ return 1 }}\n"
    found = read(path, head.format("a") + broken + head.format("c"))
    names = [item.name for item in found.items]
    assert found.broken >= 1
    assert {"a", "c"} <= set(names)
    assert names == sorted(names)


def test_an_unknown_suffix_has_no_outline() -> None:
    assert outline("a.txt", "def f(): pass") is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.ts", "namespace a {" * 3000 + "}" * 3000),
        ("a.py", "".join(f"{' ' * n}class A{n}:\n" for n in range(300)) + " " * 301 + "x = 1\n"),
        ("a.py", "x = " + "(" * 3000 + ")" * 3000),
        ("a.ts", "const f = " + "() => " * 3000 + "1"),
    ],
)
def test_deep_nesting_is_bounded(path: str, text: str) -> None:
    found = read(path, text)
    assert hash(found) == hash(read(path, text))


def test_what_is_hardly_source_has_no_outline() -> None:
    assert outline("a.py", "(" * 10_000) is None
