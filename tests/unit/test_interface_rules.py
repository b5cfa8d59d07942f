"""Interface rules: what each language says of who may use a declaration, and of what breaks those who do."""

from pathlib import Path

import pytest

import throughline.semantic_diff
from throughline.semantic_diff.interface_changes import public_names
from throughline.semantic_diff.outline_diff import outline_difference
from throughline.skeleton.languages import LANGUAGES, interface_rules
from throughline.skeleton.languages.language import InterfaceRules, Language
from throughline.skeleton.outline_reader import outline

PUBLIC = {
    "a.py": ("def pay(): ...\ndef _due(): ...\nclass Till:\n  def __init__(self): ...\n  def _sum(self): ...\n",
             {"pay", "Till", "Till.__init__"}),
    "a.js": ("export function pay() {}\nfunction due() {}\n", {"pay"}),
    "a.ts": ("export class Till {\n  pay(): void {}\n  private due(): void {}\n}\nfunction sum() {}\n",
             {"Till", "Till.pay"}),
    "b.ts": ("function pay() {}\nfunction due() {}\n", {"pay", "due"}),
    "a.go": ("package a\nfunc Pay() {}\nfunc due() {}\n", {"Pay"}),
    "a.rs": ("pub fn pay() {}\nfn due() {}\npub trait Till {\n  fn sum(&self);\n}\n", {"pay", "Till", "Till.sum"}),
    "A.java": ("public class Till {\n  public void pay() {}\n  void due() {}\n}\n", {"Till", "Till.pay"}),
    "a.c": ("void pay(void) {}\nstatic void due(void) {}\n", {"pay"}),
    "a.cs": ("public class Till {\n  public void Pay() {}\n  void Due() {}\n}\n", {"Till", "Till.Pay"}),
    "a.cpp": ("class Till {\npublic:\n  void pay();\nprivate:\n  void due();\n};\n", {"Till", "Till.pay"}),
}  # fmt: skip

BREAKING = [
    ("another order by keyword", "a.py", "def f(*, a, b): ...", "def f(*, b, a): ...", ("",)),
    ("another name by keyword", "a.py", "def f(a): ...", "def f(b): ...", ("`a` is gone; `b` has to be given",)),
    ("another name by place", "a.go", "package a\nfunc F(a int) {}", "package a\nfunc F(b int) {}", ("",)),
    ("a decorator of calls", "a.py", "class A:\n  def f(self): ...", "class A:\n  @property\n  def f(self): ...",
     ("is a `@property` now",)),
    ("no longer exported", "a.ts", "export function f() {}", "function f() {}", ("is no longer exported",)),
    ("usual access", "A.java", "class A {\n  public int a;\n}", "class A {\n  int a;\n}",
     ("may be used by fewer: package",)),
    ("no annotation is any type", "a.py", "def f(a: int): ...", "def f(a): ...", ("",)),
    ("a type where there was none", "a.js", "function f(a) {}", "function f(a = 1) {}", ("",)),
]  # fmt: skip


@pytest.mark.parametrize("path", PUBLIC)
def test_a_language_says_what_others_may_use(path: str) -> None:
    text, expected = PUBLIC[path]
    read = outline(path, text)
    assert read is not None
    assert public_names(read) == expected


@pytest.mark.parametrize(
    ("path", "before", "after", "why"), [row[1:] for row in BREAKING], ids=[r[0] for r in BREAKING]
)
def test_a_language_says_what_breaks_a_caller(path: str, before: str, after: str, why: tuple[str, ...]) -> None:
    one, other = outline(path, before), outline(path, after)
    assert one is not None
    assert other is not None
    assert tuple(change.why for change in outline_difference(one, other)) == why


def test_a_language_that_is_not_known_hides_nothing() -> None:
    assert interface_rules("none of ours") == InterfaceRules()


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_no_difference_knows_a_language_by_its_name(language: Language) -> None:
    folder = Path(throughline.semantic_diff.__file__).parent
    name = f'"{language.name}"'
    assert [path.name for path in folder.glob("*.py") if name in path.read_text("utf-8")] == []
