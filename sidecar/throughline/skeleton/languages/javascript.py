"""JavaScript, with JSX."""

from throughline.skeleton.languages.language import Detail, InterfaceRules, Language, Lines
from throughline.skeleton.languages.typescript import EXPORT, gap, is_public
from throughline.skeleton.languages.typescript import write as write_typescript
from throughline.skeleton.model import LEFT_OUT, Item, Parameter


def write(item: Item, around: Item | None, detail: Detail) -> Lines:
    """An item as TypeScript writes it, but with an empty body, which JavaScript cannot go without."""
    if item.kind not in {"function", "method"}:
        return write_typescript(item, around, detail)
    parameters = ", ".join(_parameter(parameter, detail) for parameter in item.parameters)
    head = f"{item.opening}{gap(item)}({parameters}) {item.closing}".rstrip()
    in_object = around is not None and around.kind == "constant"
    statement = not in_object and ("=" in item.opening or item.name == "default")
    return Lines(f"{head} {{}}{',' if in_object else ';' if statement else ''}", above=item.decorators)


def _parameter(parameter: Parameter, detail: Detail) -> str:
    if not parameter.default:
        return parameter.name
    shown = detail.defaults and parameter.default != LEFT_OUT
    return f"{parameter.name} = {parameter.default if shown else '{}'}"


JAVASCRIPT = Language(
    name="javascript",
    grammars=dict.fromkeys((".js", ".jsx", ".mjs", ".cjs"), ("tree_sitter_javascript", "language")),
    comment="//",
    indent="  ",
    write=write,
    constructors=frozenset({"constructor"}),
    rules=InterfaceRules(is_public=is_public, export_words=EXPORT, closed_beside_exports=True, typed=False),
)
