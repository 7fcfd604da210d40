"""toInteger, convertsToInteger and their like.

https://hl7.org/fhirpath/N1/#conversion
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from fhir_server.resources.fhirpath.evaluation import Frame, single
from fhir_server.resources.fhirpath.model import Node
from fhir_server.resources.fhirpath.quantities import CALENDAR, Quantity
from fhir_server.resources.fhirpath.temporal import Temporal, temporal
from fhir_server.resources.fhirpath.values import Items, is_number

if TYPE_CHECKING:
    from collections.abc import Callable

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,64}(\.\d{1,64})?", re.ASCII)
_QUANTITY = re.compile(r"([+-]?\d{1,64}(?:\.\d{1,64})?)\s*(?:'([^']+)'|([a-z]+))?", re.ASCII)
_TRUE = frozenset(("true", "t", "yes", "y", "1", "1.0"))
_FALSE = frozenset(("false", "f", "no", "n", "0", "0.0"))


def to_boolean(value: Any) -> Any:
    """Convert to a Boolean, or None."""
    if isinstance(value, bool):
        return value
    if is_number(value):
        return bool(value) if value in {0, 1} else None
    if isinstance(value, str):
        word = value.lower()
        return True if word in _TRUE else False if word in _FALSE else None
    return None


def to_integer(value: Any) -> Any:
    """Convert to an Integer, or None."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    return None


def to_decimal(value: Any) -> Any:
    """Convert to a Decimal, or None."""
    if isinstance(value, (bool, int, Decimal)):
        return Decimal(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    return None


def to_quantity(value: Any) -> Any:
    """Convert to a Quantity, or None."""
    if isinstance(value, Quantity):
        return value
    if isinstance(value, str):
        match = _QUANTITY.fullmatch(value)
        if match is None or (match[3] and match[3] not in CALENDAR):
            return None
        if match[3]:
            return Quantity(Decimal(match[1]), CALENDAR[match[3]], calendar=True)
        return Quantity(Decimal(match[1]), match[2] or "1")
    number = to_decimal(value)
    return None if number is None else Quantity(number)


def to_string(value: Any) -> Any:
    """Convert to a String, or None."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (str, int, Temporal, Quantity)):
        return str(value)
    return None


def _to_temporal(kind: str, value: Any) -> Any:
    if isinstance(value, str):
        return temporal(value, kind)
    if not isinstance(value, Temporal) or (kind == "Time") != (value.kind == "Time"):
        return None
    if kind == "Date":
        return Temporal("Date", value.parts[:3])
    return Temporal(kind, value.parts, value.zone)


def _converted(convert: Callable[[Any], Any], items: Items, _: Frame, *__: Any) -> Items:
    value = single(items)
    found = None if value is None or isinstance(value, Node) else convert(value)
    return [] if found is None else [found]


def _converts(convert: Callable[[Any], Any], items: Items, frame: Frame, *arguments: Any) -> Items:
    return [bool(_converted(convert, items, frame, *arguments))] if items else []


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "Boolean": to_boolean,
    "Integer": to_integer,
    "Decimal": to_decimal,
    "Quantity": to_quantity,
    "String": to_string,
    "Date": partial(_to_temporal, "Date"),
    "DateTime": partial(_to_temporal, "DateTime"),
    "Time": partial(_to_temporal, "Time"),
}

FUNCTIONS: dict[str, tuple[Callable[..., Items], int, int]] = {
    name: (partial(how, convert), 0, 1 if kind == "Quantity" else 0)
    for kind, convert in _CONVERSIONS.items()
    for name, how in ((f"to{kind}", _converted), (f"convertsTo{kind}", _converts))
}
