"""What an item means to FHIRPath: its value, whether two are equal, which comes first.

https://hl7.org/fhirpath/N1/#equality
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import orjson

from fhir_server.resources.definitions import PRIMITIVES
from fhir_server.resources.fhirpath.errors import Inapplicable
from fhir_server.resources.fhirpath.model import Node, TypeName, ancestry
from fhir_server.resources.fhirpath.quantities import Quantity, common, decimal, unit
from fhir_server.resources.fhirpath.temporal import Temporal, compare, in_utc, temporal

Item = Any
Items = list[Any]

_KINDS = {"date": "Date", "dateTime": "DateTime", "instant": "DateTime", "time": "Time"}
_UCUM = "http://unitsofmeasure.org"


def plain(item: Item) -> Item:
    """Give the value of an element as FHIRPath's own; what has no such value stays a Node."""
    if type(item) is not Node:
        return item
    value, kind = item.value, item.type
    if value is None or kind is None:
        return item
    if kind in PRIMITIVES and isinstance(value, dict | list):
        return item
    if kind in PRIMITIVES:
        return _primitive(value, kind)
    if isinstance(value, dict) and "Quantity" in ancestry(kind):
        return _quantity(value) or item
    return item


def number(value: Any) -> Decimal | None:
    """Make a JSON number a Decimal, exactly as it was written if that is known."""
    if isinstance(value, bool):
        return None
    try:
        return value if isinstance(value, Decimal) else Decimal(str(value))
    except ArithmeticError:
        return None


def is_number(value: Any) -> bool:
    """Say whether it is an Integer or a Decimal."""
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def equal(left: Items, right: Items) -> bool | None:
    """Compare two collections, in order; None where one is empty or precision does not tell."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    unknown = False
    for one, other in zip(left, right, strict=True):
        same = same_item(one, other)
        if same is False:
            return False
        unknown = unknown or same is None
    return None if unknown else True


def same_item(left: Item, right: Item) -> bool | None:
    """Compare two items by value."""
    left, right = plain(left), plain(right)
    if isinstance(left, Temporal) and isinstance(right, Temporal):
        if (left.kind == "Time") != (right.kind == "Time"):
            return False
        order = compare(left, right)
        return None if order is None else order == 0
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return _same_quantity(left, right)
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, Node) and isinstance(right, Node):
        return _json(left) == _json(right)
    return type(left) is type(right) and bool(left == right)


def equivalent(left: Items, right: Items) -> bool:
    """Compare two collections loosely and without order; empty is like empty."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for item in left:
        at = next((at for at, other in enumerate(rest) if like(item, other)), None)
        if at is None:
            return False
        del rest[at]
    return True


def like(left: Item, right: Item) -> bool:
    """Compare two items loosely: case, white space and surplus precision do not count."""
    left, right = plain(left), plain(right)
    if isinstance(left, str) and isinstance(right, str):
        return " ".join(left.lower().split()) == " ".join(right.lower().split())
    if is_number(left) and is_number(right):
        return _near(Decimal(left), Decimal(right))
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return _like_quantity(left, right)
    return same_item(left, right) is True


def order(left: Item, right: Item) -> int | None:
    """Say which of two items is less: -1, 0, 1, or None where that is not known."""
    left, right = plain(left), plain(right)
    if isinstance(left, Temporal) and isinstance(right, Temporal):
        return compare(left, right)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        pair = common(left, right)
        return None if pair is None else (pair[0] > pair[1]) - (pair[0] < pair[1])
    if isinstance(left, Node) or isinstance(right, Node):
        missing = [each for each in (left, right) if isinstance(each, Node) and each.value is None]
        if missing:
            return None
    both_text = isinstance(left, str) and isinstance(right, str)
    if both_text or (is_number(left) and is_number(right)):
        return int(left > right) - int(left < right)
    raise Inapplicable(f"{kind_of(left).name} and {kind_of(right).name} cannot be compared.")


def key(item: Item) -> Any:
    """Give something hashable that is the same for equal items."""
    value = plain(item)
    if isinstance(value, Node):
        return ("node", _json(value))
    if isinstance(value, Temporal):
        value = in_utc(value)
        return ("time", value.parts, value.zone is None, value.kind == "Time")
    if isinstance(value, Quantity):
        known = None if value.calendar else unit(value.unit)
        return ("quantity", value) if known is None else (value.value * known[0].numerator
            / known[0].denominator, known[1])  # fmt: skip
    return (isinstance(value, bool), value)


def distinct(items: Items) -> Items:
    """Give each item once, the first of equal ones."""
    return list({key(item): item for item in reversed(items)}.values())[::-1]


def kind_of(item: Item) -> TypeName:
    """Give the type of an item."""
    if isinstance(item, Node):
        kind = item.type or "Element"
        return TypeName("FHIR", ancestry(kind)[1] if "." in kind else kind)
    if isinstance(item, Temporal):
        return TypeName("System", item.kind)
    names = {bool: "Boolean", int: "Integer", Decimal: "Decimal", str: "String"}
    return TypeName("System", names.get(type(item), type(item).__name__))


def _primitive(value: Any, kind: str) -> Item:
    if kind == "decimal":
        found = number(value)
        return value if found is None else found
    if kind in _KINDS and isinstance(value, str):
        return temporal(value, _KINDS[kind]) or value
    return Decimal(str(value)) if isinstance(value, float) else value


def _quantity(value: dict[str, Any]) -> Quantity | None:
    found = number(value.get("value"))
    if found is None or value.get("comparator"):
        return None
    if value.get("system") == _UCUM:
        return Quantity(found, str(value.get("code", value.get("unit", "1"))))
    return Quantity(found, str(value.get("unit", value.get("code", "1"))))


def _same_quantity(left: Quantity, right: Quantity) -> bool | None:
    pair = common(left, right)
    if pair is not None:
        return pair[0] == pair[1]
    calendar = left.calendar != right.calendar and {left.unit, right.unit} & {"month", "year"}
    return None if calendar else False


def _like_quantity(left: Quantity, right: Quantity) -> bool:
    pair = common(left, right)
    if pair is None:
        words = {"month": "mo", "year": "a"}
        return left.value == right.value and words.get(left.unit, left.unit) == words.get(
            right.unit, right.unit
        )
    if left.value == 0 or right.value == 0:
        return pair[0] == pair[1]
    if abs(left.value) > abs(right.value):
        left, pair = right, (pair[1], pair[0])
    return _near(left.value, decimal(Fraction(left.value) * pair[1] / pair[0]))


def _near(left: Decimal, right: Decimal) -> bool:
    step = Decimal(1).scaleb(-min(_places(left), _places(right)))
    try:
        return left.quantize(step, ROUND_HALF_UP) == right.quantize(step, ROUND_HALF_UP)
    except InvalidOperation:  # so many digits that nothing of them would be rounded
        return left == right


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return min(max(-exponent, 0), 20) if isinstance(exponent, int) else 0


def _json(node: Node) -> bytes:
    pair = [node.value, node.extra] if node.extra else node.value
    try:
        return orjson.dumps(pair, default=float, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return repr(pair).encode()
