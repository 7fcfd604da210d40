"""lowBoundary, highBoundary, precision and comparable: what a value may also mean.

https://hl7.org/fhirpath/N1/
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from fhir_server.resources.fhirpath.errors import Inapplicable
from fhir_server.resources.fhirpath.evaluation import Frame, single
from fhir_server.resources.fhirpath.quantities import Quantity, common
from fhir_server.resources.fhirpath.temporal import Temporal, edge
from fhir_server.resources.fhirpath.values import Items, is_number

if TYPE_CHECKING:
    from collections.abc import Callable

    Argument = Callable[[Frame], Items]

_DEFAULT_PLACES = 8
_MOST_PLACES = 28


def _boundary(high: bool, items: Items, frame: Frame, *arguments: Argument) -> Items:  # noqa: FBT001
    value = single(items)
    digits = single(arguments[0](frame)) if arguments else None
    if value is None:
        return []
    if digits is not None and not isinstance(digits, int):
        raise Inapplicable("The precision is an integer.")
    if isinstance(value, Temporal):
        found: Any = edge(value, digits, high=high)
    elif isinstance(value, Quantity):
        number = _decimal_edge(value.value, digits, high=high)
        found = None if number is None else Quantity(number, value.unit, value.calendar)
    elif is_number(value):
        found = _decimal_edge(Decimal(value), digits, high=high)
    else:
        raise Inapplicable("Only numbers, quantities, dates and times have a boundary.")
    return [] if found is None else [found]


def _decimal_edge(value: Decimal, places: int | None, *, high: bool) -> Decimal | None:
    places = _DEFAULT_PLACES if places is None else places
    exponent = value.as_tuple().exponent
    if not 0 <= places <= _MOST_PLACES or not isinstance(exponent, int):
        return None
    half = Decimal(5).scaleb(exponent - 1)
    edge_value = value + half if high else value - half
    return edge_value.quantize(Decimal(1).scaleb(-places), ROUND_CEILING if high else ROUND_FLOOR)


def _precision(items: Items, _: Frame) -> Items:
    value = single(items)
    if isinstance(value, Temporal):
        return [value.digits]
    if is_number(value):
        exponent = Decimal(value).as_tuple().exponent
        return [max(-exponent, 0)] if isinstance(exponent, int) else []
    return []


def _comparable(items: Items, frame: Frame, other: Argument) -> Items:
    left, right = single(items), single(other(frame))
    if not isinstance(left, Quantity) or not isinstance(right, Quantity):
        return []
    return [common(left, right) is not None]


FUNCTIONS: dict[str, tuple[Callable[..., Items], int, int]] = {
    "lowBoundary": (partial(_boundary, False), 0, 1),  # noqa: FBT003
    "highBoundary": (partial(_boundary, True), 0, 1),  # noqa: FBT003
    "precision": (_precision, 0, 0),
    "comparable": (_comparable, 1, 1),
}
