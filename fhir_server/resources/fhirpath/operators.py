"""The operators of FHIRPath, on collections.

https://hl7.org/fhirpath/N1/#operations
"""

from __future__ import annotations

from decimal import Decimal, DecimalException, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fhir_server.resources.fhirpath.errors import Inapplicable
from fhir_server.resources.fhirpath.evaluation import single, truth
from fhir_server.resources.fhirpath.quantities import (
    CALENDAR,
    DURATIONS,
    Quantity,
    common,
    decimal,
    multiply,
)
from fhir_server.resources.fhirpath.temporal import Temporal, add
from fhir_server.resources.fhirpath.values import (
    Items,
    distinct,
    equal,
    equivalent,
    is_number,
    kind_of,
    order,
    same_item,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Operator = Callable[[Items, Items], Items]

DIGITS = 28


def boolean(value: bool | None) -> Items:  # noqa: FBT001
    """Make a collection of what may be unknown."""
    return [] if value is None else [value]


def conjunction(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001
    """And, of three values."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def disjunction(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001
    """Or, of three values."""
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def _exclusive(left: Items, right: Items) -> Items:
    one, other = truth(left), truth(right)
    return [] if one is None or other is None else [one != other]


def _equal(left: Items, right: Items) -> Items:
    return boolean(equal(left, right))


def _unequal(left: Items, right: Items) -> Items:
    same = equal(left, right)
    return [] if same is None else [not same]


def _ordered(holds: Callable[[int], bool]) -> Operator:
    def compared(left: Items, right: Items) -> Items:
        one, other = single(left), single(right)
        if one is None or other is None:
            return []
        found = order(one, other)
        return [] if found is None else [holds(found)]

    return compared


def _among(left: Items, right: Items) -> Items:
    if not left:
        return []
    if len(left) > 1:
        raise Inapplicable("in and contains look for one item.")
    return [any(same_item(left[0], item) for item in right)]


def _plus(left: Items, right: Items) -> Items:
    one, other = single(left), single(right)
    if one is None or other is None:
        return []
    if isinstance(one, str) and isinstance(other, str):
        return [one + other]
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        return [_moved(one, other, 1)]
    return _sum(one, other, 1, "+")


def _minus(left: Items, right: Items) -> Items:
    one, other = single(left), single(right)
    if one is None or other is None:
        return []
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        return [_moved(one, other, -1)]
    return _sum(one, other, -1, "-")


def _sum(one: Any, other: Any, sign: int, word: str) -> Items:
    if is_number(one) and is_number(other):
        return _safely(lambda: one + sign * other)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        pair = common(one, other)
        if pair is None:
            return []
        if one.value == 0 or pair[0] == 0:
            return [Quantity(one.value + sign * other.value, other.unit, other.calendar)]
        scaled = decimal(pair[1] * Fraction(one.value) / pair[0])
        return [Quantity(one.value + sign * scaled, one.unit, one.calendar)]
    raise _mismatch(one, word, other)


def _moved(moment: Temporal, by: Quantity, sign: int) -> Temporal:
    unit = by.unit if by.unit in CALENDAR else DURATIONS.get(by.unit)
    if unit is None:
        raise Inapplicable(f"A date cannot be moved by '{by.unit}'.")
    return add(moment, sign * by.value, CALENDAR[unit])


def _times(left: Items, right: Items) -> Items:
    one, other = single(left), single(right)
    if one is None or other is None:
        return []
    if is_number(one) and is_number(other):
        return _safely(lambda: one * other)
    pair = _quantities(one, other, "*")
    found = multiply(*pair)
    return [] if found is None else [found]


def _divided(left: Items, right: Items) -> Items:
    one, other = single(left), single(right)
    if one is None or other is None or other == 0:
        return []
    if is_number(one) and is_number(other):
        return _safely(lambda: Decimal(one) / Decimal(other))
    pair = _quantities(one, other, "/")
    found = multiply(*pair, divide=True)
    return [] if found is None else [found]


def _whole(left: Items, right: Items) -> Items:
    one, other = _numbers(left, right, "div")
    return [] if one is None or not other else _safely(lambda: int(Decimal(one) / Decimal(other)))


def _rest(left: Items, right: Items) -> Items:
    one, other = _numbers(left, right, "mod")
    if one is None or not other:
        return []
    return _safely(lambda: type(one + other)(Decimal(one) % Decimal(other)))


def _joined(left: Items, right: Items) -> Items:
    one, other = single(left), single(right)
    one, other = ("" if each is None else each for each in (one, other))
    if not isinstance(one, str) or not isinstance(other, str):
        raise _mismatch(one, "&", other)
    return [one + other]


def _numbers(left: Items, right: Items, word: str) -> tuple[Any, Any]:
    one, other = single(left), single(right)
    if one is None or other is None:
        return None, None
    if not is_number(one) or not is_number(other):
        raise _mismatch(one, word, other)
    return one, other


def _quantities(one: Any, other: Any, word: str) -> tuple[Quantity, Quantity]:
    left, right = (Quantity(Decimal(each)) if is_number(each) else each for each in (one, other))
    if not isinstance(left, Quantity) or not isinstance(right, Quantity):
        raise _mismatch(one, word, other)
    return left, right


def _safely(compute: Callable[[], Any]) -> Items:
    try:
        with localcontext() as context:
            context.prec = DIGITS
            value = compute()
    except (DecimalException, OverflowError):
        return []
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return []
    return [value]


def _mismatch(one: Any, word: str, other: Any) -> Inapplicable:
    return Inapplicable(f"{kind_of(one).name} {word} {kind_of(other).name} has no meaning.")


OPERATORS: dict[str, Operator] = {
    "=": _equal,
    "!=": _unequal,
    "~": lambda left, right: [equivalent(left, right)],
    "!~": lambda left, right: [not equivalent(left, right)],
    "<": _ordered(lambda found: found < 0),
    "<=": _ordered(lambda found: found <= 0),
    ">": _ordered(lambda found: found > 0),
    ">=": _ordered(lambda found: found >= 0),
    "in": _among,
    "contains": lambda left, right: _among(right, left),
    "|": lambda left, right: distinct([*left, *right]),
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _divided,
    "div": _whole,
    "mod": _rest,
    "&": _joined,
    "xor": _exclusive,
}
