"""Functions of numbers, and today's date and time.

https://hl7.org/fhirpath/N1/#math
"""

from __future__ import annotations

import math
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Decimal,
    DecimalException,
    localcontext,
)
from functools import partial
from typing import TYPE_CHECKING, Any

from fhir_server.resources.fhirpath.errors import Inapplicable
from fhir_server.resources.fhirpath.evaluation import Frame, single
from fhir_server.resources.fhirpath.operators import DIGITS
from fhir_server.resources.fhirpath.quantities import Quantity
from fhir_server.resources.fhirpath.temporal import Temporal, now
from fhir_server.resources.fhirpath.values import Items, is_number

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST = 4_000
"""Digits a power may have, for a number is not to fill the memory."""


def _number(items: Items) -> Any:
    value = single(items, "number")
    if value is not None and not is_number(value):
        raise Inapplicable("A number is expected.")
    return value


def _function(compute: Callable[..., Any], items: Items, frame: Frame, *arguments: Any) -> Items:
    values = [_number(items), *(_number(each(frame)) for each in arguments)]
    if None in values:
        return []
    try:
        with localcontext() as context:
            context.prec = DIGITS
            found = compute(*values)
    except (DecimalException, ValueError, OverflowError):
        return []
    if found is None or (isinstance(found, Decimal) and not found.is_finite()):
        return []
    return [found]


def _rounded(mode: str, value: Any) -> int:
    return int(Decimal(value).to_integral_value(mode))


def _round(value: Any, places: Any = 0) -> Decimal:
    if places < 0:
        raise Inapplicable("round() needs as many places as 0 or more.")
    return Decimal(value).quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)


def _log(value: Any, base: Any) -> Decimal:
    found = Decimal(value).ln() / Decimal(base).ln()
    near = found.quantize(Decimal("1e-20"))
    return near.normalize() if near == near.to_integral_value() else found


def _power(value: Any, exponent: Any) -> Any:
    if value < 0 and exponent != int(exponent):
        return None
    digits = math.log10(abs(float(value)) or 1) * float(exponent)
    if digits > _LARGEST:
        return None
    if isinstance(value, int) and isinstance(exponent, int) and exponent >= 0:
        return value**exponent if digits < 18 else None
    return Decimal(value) ** Decimal(exponent)


def _abs(items: Items, _: Frame) -> Items:
    value = single(items, "number")
    if value is None:
        return []
    if isinstance(value, Quantity):
        return [Quantity(abs(value.value), value.unit, value.calendar)]
    return [abs(_number(items))]


def _now(_: Items, frame: Frame) -> Items:
    return [now(frame.world.moment)]


def _today(_: Items, frame: Frame) -> Items:
    return [Temporal("Date", now(frame.world.moment).parts[:3])]


def _time_of_day(_: Items, frame: Frame) -> Items:
    return [Temporal("Time", now(frame.world.moment).parts[3:])]


def _row(compute: Callable[..., Any], least: int = 0, most: int = 0) -> tuple[Any, int, int]:
    return partial(_function, compute), least, most


FUNCTIONS: dict[str, tuple[Callable[..., Items], int, int]] = {
    "abs": (_abs, 0, 0),
    "ceiling": _row(partial(_rounded, ROUND_CEILING)),
    "floor": _row(partial(_rounded, ROUND_FLOOR)),
    "truncate": _row(int),
    "round": _row(_round, 0, 1),
    "sqrt": _row(lambda value: None if value < 0 else Decimal(value).sqrt()),
    "exp": _row(lambda value: Decimal(value).exp()),
    "ln": _row(lambda value: Decimal(value).ln()),
    "log": _row(_log, 1, 1),
    "power": _row(_power, 1, 1),
    "now": (_now, 0, 0),
    "today": (_today, 0, 0),
    "timeOfDay": (_time_of_day, 0, 0),
}
