"""Values to JSON and back: strict, nothing omitted, unions tagged by `kind`."""

from __future__ import annotations

from functools import partial
from typing import Any, get_args, get_origin

from cattrs import Converter
from cattrs.errors import BaseValidationError
from cattrs.strategies import configure_tagged_union
from cattrs.v import format_exception, transform_error


class MalformedError(ValueError):
    """Data that does not fit its type; the message is one line."""


def converter(*unions: Any) -> Converter:
    """A converter that refuses unknown keys and knows the given unions, the inner ones first."""
    made = Converter(forbid_extra_keys=True, omit_if_default=False, prefer_attrib_converters=False)
    # JSON's numbers are not text and its text is not numbers: the default hooks would convert silently.
    for plain in (str, int, bool):
        made.register_structure_hook(plain, _exactly)
    made.register_structure_hook(float, _number)
    made.register_structure_hook_func(_is_list, partial(_listed, made))
    made.register_structure_hook_func(_is_tuple, partial(_tupled, made))
    for union in unions:
        for member in get_args(union):
            made.register_unstructure_hook(member, made.gen_unstructure_attrs_fromdict(member))
        configure_tagged_union(union, made, tag_generator=_kind, tag_name="kind")
    return made


def structure(made: Converter, data: Any, shape: Any) -> Any:
    """`data` as a value of type `shape`; raises MalformedError with the first places that do not fit."""
    if not isinstance(data, dict):
        raise MalformedError(f"expected an object, got {type(data).__name__}")
    try:
        return made.structure(data, shape)
    except BaseValidationError as error:
        places = transform_error(error, path="params", format_exception=_reason)
        raise MalformedError("; ".join(places[:3])) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedError(f"params: {_reason(error, None)}") from error


def _kind(member: Any) -> str:
    return str(member.kind)


def _exactly(value: Any, shape: type) -> Any:
    if type(value) is not shape:
        raise TypeError(f"expected {shape.__name__}, got {type(value).__name__}")
    return value


def _is_list(shape: Any) -> bool:
    return get_origin(shape) is list


def _listed(made: Converter, value: Any, shape: Any) -> list[Any]:
    (member,) = get_args(shape)
    return [made.structure(item, member) for item in _exactly(value, list)]


def _is_tuple(shape: Any) -> bool:
    return get_origin(shape) is tuple and get_args(shape)[1:] == (Ellipsis,)


def _tupled(made: Converter, value: Any, shape: Any) -> tuple[Any, ...]:
    # A text is a sequence of texts to Python, and no list of anything to JSON.
    if not isinstance(value, list | tuple):
        raise TypeError(f"expected list, got {type(value).__name__}")
    member = get_args(shape)[0]
    return tuple(made.structure(item, member) for item in value)


def _number(value: Any, _: type) -> float:
    if type(value) not in (int, float):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    return float(value)


def _reason(error: BaseException, shape: type | None) -> str:
    if isinstance(error, TypeError) and str(error).startswith("expected"):
        return str(error)
    if isinstance(error, KeyError):
        return f"{error} is missing or not known"
    return str(format_exception(error, shape))
