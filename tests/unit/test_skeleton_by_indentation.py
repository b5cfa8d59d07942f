"""Outlines by indentation, for languages without a grammar."""

import pytest

from throughline.skeleton.render import make_skeleton, markdown_headings, shallow_lines

RUBY = """\
# Keeps notes.
module Notes
  class Store < Base
    def read(name)
      raise Missing unless @notes[name]
      @notes[name]
    end
  end
end
"""
KOTLIN = """\
class Store(private val root: File) {
    companion object {
        fun make() = Store(File("."))
        val limit = 80
    }
}
"""
YAML = "jobs:\n  test:\n    steps:\n      - run: x\n  build:\n    steps:\n      - run: z\n"
SHELL = 'set -eu\nusage() {\n  echo x  # why\n  exit 1\n}\nmain "$@"\n'
PHP = "<?php\nclass B extends C {\n    public function f(int $a): string {\n        return $a;\n    }\n}\n"


@pytest.mark.parametrize(
    ("text", "levels", "expected"),
    [
        (RUBY, 1, "module Notes\n  class Store < Base\n    def read(name)\n      …"),
        (KOTLIN, 1, 'class Store(private val root: File) {\n    …\n        fun make() = Store(File("."))\n        …'),
        (YAML, 2, "jobs:\n  test:\n    …\n  build:\n    …"),
        (SHELL, 1, 'set -eu\nusage() {\n  …\nmain "$@"'),
        (PHP, 1, "<?php\nclass B extends C {\n    public function f(int $a): string {\n        …"),
        ("a = 1\n" * 9, 0, "a = 1\na = 1\na = 1\n… 6 more such lines"),
        ("a = 1\n" * 9, -1, "a = 1\n… 8 more such lines"),
        ("def f\ndef g\ndef h\ndef i", -1, "def f\ndef g\ndef h\ndef i"),
        ("# only\n# words", 2, "# only\n# words"),
        ("x" * 300, 2, "x" * 200 + "…"),
    ],
)
def test_an_outline_shows_what_is_shallow_and_what_is_defined(text: str, levels: int, expected: str) -> None:
    shown = [line for line in shallow_lines(text, levels).splitlines() if line.strip() not in {"end", "}"}]
    assert "\n".join(shown) == expected


def test_a_very_long_outline_is_cut() -> None:
    assert shallow_lines("\n".join(f"w{n}" for n in range(5_000)), 2).endswith("\n… 3000 more lines")


def test_prose_is_outlined_by_its_headings() -> None:
    text = "# Title\n\ntext\n\n## Part\n\n```sh\n# none\n```\n\nOther\n-----\nmore\n"
    assert markdown_headings(text).startswith("# Title\n…\n## Part\n…")
    assert "…\nOther\n" in markdown_headings(text)
    assert "none" not in markdown_headings(text)
    made = make_skeleton("a.md", text + "words and words\n" * 100, len)
    assert made.form == "plain"
    assert made.text.startswith("# a.md: outline by indentation of")
