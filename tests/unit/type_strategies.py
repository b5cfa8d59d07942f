"""Any value of a type, built from its hints: for codecs."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import fields, has
from hypothesis import strategies as st

# Text as JavaScript may send it, halves of surrogate pairs among it.
TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    NoneType: st.none(),
    Any: JSON,
}


def of(shape: Any) -> st.SearchStrategy[Any]:
    """Values of a plain type, a literal, a union, a container or an attrs class."""
    if shape in PLAIN:
        return PLAIN[shape]
    origin, inner = get_origin(shape), get_args(shape)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, UnionType):
        return st.one_of([of(member) for member in inner])
    if origin in (list, tuple):
        many = st.lists(of(inner[0]), max_size=3)
        return many.map(tuple) if origin is tuple else many
    if origin is dict:
        return st.dictionaries(of(inner[0]), of(inner[1]), max_size=3)
    if has(shape):
        hints = get_type_hints(shape)
        return st.builds(shape, **{one.name: of(hints[one.name]) for one in fields(shape)})
    raise TypeError(f"no values are known of {shape!r}")
