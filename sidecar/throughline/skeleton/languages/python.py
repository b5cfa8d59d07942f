"""Python."""

import re

from throughline.skeleton.languages.language import Detail, InterfaceRules, Language, Lines, short_name
from throughline.skeleton.model import LEFT_OUT, Item, Parameter

LONG = 60
CALL_DECORATORS = ("@property", "@staticmethod", "@classmethod", "@cached_property", "@functools.cached_property")


def write(item: Item, around: Item | None, detail: Detail) -> Lines:
    """An item as a stub writes it: `...` for a body, for a long value and for a default left out."""
    del around  # a Python item is written the same wherever it stands
    above = tuple(_decorator(text, detail) for text in item.decorators)
    match item.kind:
        case "class":
            return Lines(f"{item.signature}: ...", f"{item.signature}:", above=above)
        case "function" | "method":
            parameters = ", ".join(_parameter(parameter, detail) for parameter in item.parameters)
            returns = f" -> {item.returns}" if item.returns and detail.annotations else ""
            return Lines(f"{item.opening}({parameters}){returns}: ...", above=above)
        case _:
            return Lines(_assignment(item, detail))


def _parameter(parameter: Parameter, detail: Detail) -> str:
    text = parameter.name
    annotated = bool(parameter.annotation) and detail.annotations
    if annotated:
        text += f": {parameter.annotation}"
    if parameter.default:
        shown = parameter.default != LEFT_OUT and (detail.defaults or len(parameter.default) <= len("..."))
        default = parameter.default if shown else "..."
        text += f" = {default}" if annotated else f"={default}"
    return text


def _assignment(item: Item, detail: Detail) -> str:
    text = item.opening
    if item.returns:
        # A bare annotation is all that makes `name: int` a statement, so its place is kept.
        text += f": {item.returns}" if detail.annotations else "" if item.value else ": ..."
    if item.value:
        text += f" = {'...' if item.value == LEFT_OUT else item.value}"
    return text


def _decorator(text: str, detail: Detail) -> str:
    if detail.defaults or len(text) <= LONG:
        return text
    return re.sub(r"\(.*\)$", "(...)", text, flags=re.DOTALL)


def is_public(item: Item, around: Item | None = None) -> bool:
    """Whether a name is open to all: one with an underscore before it is not, but for the names of the language."""
    del around
    name = short_name(item)
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


PYTHON = Language(
    name="python",
    grammars=dict.fromkeys((".py", ".pyi", ".pyw"), ("tree_sitter_python", "language")),
    comment="#",
    indent="    ",
    write=write,
    constructors=frozenset({"__init__", "__new__", "__post_init__", "__attrs_post_init__"}),
    rules=InterfaceRules(
        is_public=is_public,
        by_keyword=True,
        typed=False,
        interface_binds=False,
        not_passed=frozenset({"*", "/", "self", "cls"}),
        call_decorators=CALL_DECORATORS,
    ),
)
