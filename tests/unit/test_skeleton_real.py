"""Real and random sources: the standard library keeps its names, and nothing raises."""

import ast
import sysconfig
import warnings
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from throughline.semantic_diff.outline_diff import describe_changes, outline_difference
from throughline.skeleton.outline_reader import outline
from throughline.skeleton.render import make_skeleton

STDLIB = Path(sysconfig.get_paths()["stdlib"])
SAMPLE = (
    "argparse.py", "ast.py", "contextlib.py", "dataclasses.py", "enum.py", "functools.py",
    "numbers.py", "pathlib.py", "subprocess.py", "asyncio/base_events.py",
    "asyncio/tasks.py", "email/message.py", "json/encoder.py",
)  # fmt: skip
TYPESCRIPT = """\
import { a } from "./a";
/** Does it. */
export abstract class Store<T> extends Base<T> {
  @Input() private readonly name?: string = `x${1}`;
  constructor(private db: Db, ...rest: string[]) { super(); }
  async get(key: string, { deep = 1 } = {}): Promise<T> { throw new Missing(key); }
}
export const f = async <T,>(x: T): Promise<void> => { await fetch("u"); };
declare module "m" { export function q(): void }
export type U = { a: string
  b: number } | 'x';
"""


@cache
def source(name: str) -> str:
    return (STDLIB / name).read_text(encoding="utf-8")


def names(text: str) -> Counter[str]:
    """Qualified classes and functions outside function bodies, with their parameters and what is optional."""
    found: Counter[str] = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        waiting: list[tuple[ast.AST, str]] = [(ast.parse(text), "")]
    while waiting:
        node, prefix = waiting.pop()
        for child in ast.iter_child_nodes(node):
            match child:
                case ast.FunctionDef(name=name, args=arguments) | ast.AsyncFunctionDef(name=name, args=arguments):
                    for parameter in ast.walk(arguments):
                        if isinstance(parameter, ast.arg):
                            parameter.annotation = None
                    arguments.defaults = [ast.Constant(...) for _ in arguments.defaults]
                    arguments.kw_defaults = [one and ast.Constant(...) for one in arguments.kw_defaults]
                    found[f"{type(child).__name__} {prefix}{name}({ast.unparse(arguments)})"] += 1
                case ast.ClassDef(name=name):
                    found[f"class {prefix}{name}"] += 1
                    waiting.append((child, f"{prefix}{name}."))
                case ast.Lambda():
                    pass
                case _:
                    waiting.append((child, prefix))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
@pytest.mark.parametrize("share", [0.25, 0.0])
def test_the_standard_library_keeps_every_name(name: str, share: float) -> None:
    made = make_skeleton(name, source(name), len, share)
    assert made.form == "skeleton"
    assert names(made.text) == names(source(name))


@pytest.mark.slow
def test_the_sample_shrinks_below_a_quarter() -> None:
    made = [make_skeleton(name, source(name), len) for name in SAMPLE]
    assert sum(one.tokens for one in made) < 0.25 * sum(one.original_tokens for one in made)


def check(path: str, text: str, before: str = "") -> None:
    """Whatever the text is, it has a skeleton that is never larger than the whole file with its head line."""
    made = make_skeleton(path, text, len)
    assert made.tokens <= len(text) + 300
    old, new = outline(path, before), outline(path, text)
    if old is not None and new is not None:
        assert isinstance(describe_changes(outline_difference(old, new)), list)
        assert outline_difference(new, new) == ()


PATHS = st.sampled_from(["a.py", "a.ts", "a.tsx", "a.txt"])
SCRAPS = st.lists(
    st.sampled_from([*"(){}[]<>;:,.=@#`'\"\\ \n\t", "\r\n", "def f", "class A", "=>", "/*", "*/", "é", "\0"]),
    max_size=80,
).map("".join)


@pytest.mark.slow
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(path=PATHS, text=st.one_of(SCRAPS, st.text(max_size=200)), times=st.integers(1, 20))
def test_random_text_never_raises(path: str, text: str, times: int) -> None:
    check(path, text * times)


@pytest.mark.slow
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    path_and_text=st.sampled_from([("a.py", "json/encoder.py"), ("a.ts", ""), ("a.tsx", "")]),
    place=st.floats(0, 1),
    cut=st.integers(0, 40),
    scrap=SCRAPS,
)
def test_a_mutated_file_never_raises(path_and_text: tuple[str, str], place: float, cut: int, scrap: str) -> None:
    path, name = path_and_text
    text = source(name) if name else TYPESCRIPT
    start = int(place * len(text))
    check(path, text[:start] + scrap + text[start + cut :], before=text)
