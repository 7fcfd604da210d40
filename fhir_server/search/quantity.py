"""What a search parameter of type quantity writes to the index, and how it asks.

``{l, h, u}``: from which number to which, and the units, spelt ``code``, ``system|code`` and as
the ``unit`` for people. ``<5`` reaches down without end. Units of UCUM are written a second time
in base units, ``{cl, ch, cu}``: a search that names the system compares these, so 5 g/L finds
500 mg/dL.

https://hl7.org/fhir/R4/search.html#quantity
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search import number, ucum
from fhir_server.search.escapes import split
from fhir_server.search.token import key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.search.field import Add, Aside, Field, Place, Writers
    from fhir_server.search.plan import Filter

SORT = ".l"
SINGLE = frozenset(
    {"Quantity", "Age", "Duration", "Count", "Distance", "MoneyQuantity", "SimpleQuantity"}
    | {"Money", "Range", "SampledData"}
)
_INFINITE = float("inf")


def _units(value: Any) -> list[str]:
    system, code, unit = value.get("system"), value.get("code"), value.get("unit")
    spelt = [code, key(system, code)] if code is not None else []
    if unit is not None and unit != code:
        spelt.append(unit)
    return spelt


def _quantity(value: Any, add: Add) -> None:
    given = value.get("value")
    if given is None:
        return
    low = high = float(given)
    match value.get("comparator"):
        case "<" | "<=":
            low = -_INFINITE
        case ">" | ">=":
            high = _INFINITE
    entry = {"l": low, "h": high, "u": _units(value)}
    if value.get("system") == ucum.SYSTEM:
        entry |= _canonical(value, low, high)
    add(entry)


def _canonical(value: Any, low: float, high: float) -> dict[str, Any]:
    """Say the same in base units, if the unit is of UCUM and has some."""
    code = value.get("code")
    if code is None or value.get("system") != ucum.SYSTEM:
        return {}
    found = ucum.canonical(str(value["value"]), code)
    if found is None:
        return {}
    amount, name = found
    return {
        "cl": amount if low > -_INFINITE else low,
        "ch": amount if high < _INFINITE else high,
        "cu": name,
    }


def _money(value: Any, add: Add) -> None:
    given, currency = value.get("value"), value.get("currency")
    if given is not None:
        units = [currency, key("urn:iso:std:iso:4217", currency)] if currency else []
        add({"l": float(given), "h": float(given), "u": units})


def _range(value: Any, add: Add) -> None:
    low, high = value.get("low", {}), value.get("high", {})
    start, end = low.get("value"), high.get("value")
    if start is None and end is None:
        return
    entry = {
        "l": -_INFINITE if start is None else float(start),
        "h": _INFINITE if end is None else float(end),
        "u": list(dict.fromkeys(_units(low) + _units(high))),
    }
    add(entry | _canonical_range(low, high))


def _canonical_range(low: Any, high: Any) -> dict[str, Any]:
    ends = [_canonical(each, 0.0, 0.0) for each in (low, high) if each.get("value") is not None]
    if not all(ends) or len({each["cu"] for each in ends}) != 1:
        return {}
    return {
        "cl": ends[0]["cl"] if low.get("value") is not None else -_INFINITE,
        "ch": ends[-1]["ch"] if high.get("value") is not None else _INFINITE,
        "cu": ends[0]["cu"],
    }


def _sampled(value: Any, add: Add) -> None:
    """Index the origin, which has the unit of the data; the samples are no one quantity."""
    _quantity(value.get("origin", {}), add)


def writers(_place: Place) -> Writers:
    """Give the write half for each FHIR type."""
    return {
        **dict.fromkeys(SINGLE, _quantity),
        "Money": _money,
        "Range": _range,
        "SampledData": _sampled,
    }


def asides(_place: Place) -> Mapping[str, Mapping[str, Aside]]:
    """Write nothing beside."""
    return {}


def condition(field: Field, modifier: str | None, value: str, _place: Place) -> Filter:
    """Compile ``field=[prefix]number``, ``…|system|code`` or ``…||code`` (code or unit)."""
    if modifier is not None:
        raise NotSupported(
            f"Modifier :{modifier} is not supported on quantity parameters; :missing is, and the "
            "prefixes eq ne gt lt ge le sa eb ap."
        )
    parts = split(value, "|")
    if len(parts) not in {1, 3}:
        raise BadRequest(
            f"{value!r} is not a quantity to search for; right would be 5.4, "
            "5.4|http://unitsofmeasure.org|mg or 5.4||mg."
        )
    base = ucum.unit(parts[2]) if len(parts) == 3 and parts[1] == ucum.SYSTEM else None
    if base is not None and parts[2]:
        return _compared(field, parts[0], base)
    unit = _asked_unit(*parts[1:]) if len(parts) == 3 else None
    return number.within(field, number.asked(parts[0]), {"u": unit} if unit else None)


def _compared(field: Field, value: str, base: ucum.Unit) -> Filter:
    """Compile a number in a unit of UCUM to tests in base units."""
    tests = number.asked(value, lambda amount: ucum.measured(amount, base))
    spelt = [{"c" + end: test for end, test in each.items()} for each in tests]
    return number.within(field, spelt, {"cu": base.name})


def _asked_unit(system: str, code: str) -> str | None:
    if not system:
        return code or None
    if not code:
        raise BadRequest(f"A quantity of the system {system!r} needs a code, as in |{system}|mg.")
    return key(system, code)
