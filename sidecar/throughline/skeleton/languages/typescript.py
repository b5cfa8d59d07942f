"""TypeScript, plain and with JSX."""

import re

from throughline.skeleton.languages.language import Detail, InterfaceRules, Language, Lines, modifiers, short_name
from throughline.skeleton.model import LEFT_OUT, Item, Parameter

LONG = 60
EXPORT = frozenset({"export"})
VARIANCE = re.compile(
    rb"""(?<=[<,])((?:\s|/\*.{0,200}?\*/)*(?:const\s+)?)  # where a type parameter starts
    ((?:in|out)\s+(?:out\s+)?)(?=[A-Za-z_$])""",
    re.VERBOSE | re.DOTALL,
)


def write(item: Item, around: Item | None, detail: Detail) -> Lines:
    """An item as a declaration writes it; a function that is a value keeps an empty body instead."""
    above = tuple(_decorator(text, detail) for text in item.decorators)
    match item.kind:
        case "class" | "interface" | "enum" | "namespace":
            return Lines(f"{item.signature} {{}}", f"{item.signature} {{", "}", above)
        case "function" | "method":
            return Lines(_function(item, around, detail), above=above)
        case "type":
            return Lines(f"{item.opening} = {_type(item.value, detail)};")
        case "export":
            return Lines(f"{item.signature};")
        case _:
            return Lines(_assignment(item, around, detail), f"{item.opening} = {{", "};", above)


def _function(item: Item, around: Item | None, detail: Detail) -> str:
    parameters = ", ".join(_parameter(parameter, detail) for parameter in item.parameters)
    returns = f": {item.returns}" if item.returns and detail.annotations else ""
    head = f"{item.opening}{gap(item)}({parameters}){returns}"
    if item.closing:
        head += f" {item.closing}"
    in_object = around is not None and around.kind == "constant"
    # Neither a value nor a generator can go without a body.
    needed = "=" in item.opening or "*" in item.opening.split("<")[0] or item.name == "default"
    if item.closing or in_object or (item.body_hash and needed):
        head += " {}"
    return head + ("," if in_object else ";")


def gap(item: Item) -> str:
    """What parts a function's opening from its parameters: nothing behind a name."""
    return " " if item.opening.endswith(("=", ":", "async")) else ""


def _parameter(parameter: Parameter, detail: Detail) -> str:
    shown = detail.defaults and parameter.default != LEFT_OUT
    text = parameter.name if shown or not parameter.default else f"{parameter.name}?"
    if parameter.annotation and detail.annotations:
        text += f": {parameter.annotation}"
    if parameter.default and shown:
        text += f" = {parameter.default}"
    return text


def _assignment(item: Item, around: Item | None, detail: Detail) -> str:
    text = item.opening
    if item.returns and detail.annotations:
        text += f": {item.returns}"
    if item.name == "default":
        text += " {}" if item.value == LEFT_OUT else f" {item.value}"
    elif item.value and item.value != LEFT_OUT:
        text += f" = {item.value}"
    return text + ("," if around is not None and around.kind == "enum" else ";")


def _type(value: str, detail: Detail) -> str:
    if detail.fields or len(value) <= LONG:
        return value
    return "{ /* … */ }" if value.startswith("{") else "unknown /* … */"


def _decorator(text: str, detail: Detail) -> str:
    if detail.defaults or len(text) <= LONG:
        return text
    return re.sub(r"\(.*\)$", "()", text, flags=re.DOTALL)


def hide_variance(data: bytes) -> bytes:
    """Blank the `in` and `out` of type parameters, which the grammar does not know yet."""
    return VARIANCE.sub(lambda match: match[1] + b" " * len(match[2]), data)


def is_public(item: Item, around: Item | None = None) -> bool:
    """Whether an item is not private, by the word or by the `#` before its name."""
    del around
    return not (short_name(item).startswith("#") or "private" in modifiers(item))


TYPESCRIPT = Language(
    name="typescript",
    grammars={
        ".ts": ("tree_sitter_typescript", "language_typescript"),
        ".mts": ("tree_sitter_typescript", "language_typescript"),
        ".cts": ("tree_sitter_typescript", "language_typescript"),
        ".tsx": ("tree_sitter_typescript", "language_tsx"),
    },
    comment="//",
    indent="  ",
    write=write,
    constructors=frozenset({"constructor"}),
    prepare=hide_variance,
    rules=InterfaceRules(is_public=is_public, export_words=EXPORT, closed_beside_exports=True),
)
