"""The languages that have skeletons. A new one is a module, a query file and a name in this table."""

from collections.abc import Mapping

from throughline.skeleton.languages import c, cpp, csharp, go, java, javascript, python, rust, typescript
from throughline.skeleton.languages.language import InterfaceRules, Language

LANGUAGES = (
    python.PYTHON,
    javascript.JAVASCRIPT,
    typescript.TYPESCRIPT,
    go.GO,
    rust.RUST,
    java.JAVA,
    c.C,
    cpp.CPP,
    csharp.CSHARP,
)

BY_SUFFIX: Mapping[str, Language] = {suffix: language for language in LANGUAGES for suffix in language.grammars}

BY_NAME: Mapping[str, Language] = {language.name: language for language in LANGUAGES}


def interface_rules(name: str) -> InterfaceRules:
    """The rules of the language of that name; of one that is not known, those of a language that hides nothing."""
    language = BY_NAME.get(name)
    return language.rules if language else InterfaceRules()


def find_language(path: str) -> tuple[Language, str] | None:
    """The language of a path and the suffix that told it, or None when the suffix is not known."""
    name = path.replace("\\", "/").rpartition("/")[2]
    stem, dot, end = name.rpartition(".")
    suffix = f"{dot}{end}".lower() if stem else ""
    language = BY_SUFFIX.get(suffix)
    return (language, suffix) if language else None
