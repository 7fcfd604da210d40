"""What a search parameter of type number writes to the index, and how it asks.

A number is written as the range ``{l, h}`` from itself to itself; a number asked for stands for
all that round to it.

https://hl7.org/fhir/R4/search.html#number
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fhir_server.search.field import Add, Aside, Field, Place, Writers
    from fhir_server.search.plan import Filter

    Measure = Callable[[Decimal], float]

SORT = ".l"
SINGLE = frozenset({"integer", "decimal", "positiveInt", "unsignedInt"})
_NUMBER = re.compile(
    r"(?P<prefix>eq|ne|gt|lt|ge|le|sa|eb|ap)?(?P<value>[+-]?\d+(?P<part>\.\d+)?([eE][+-]?\d{1,3})?)"
)
_LONGEST = 40


def _number(value: Any, add: Add) -> None:
    number = float(value)
    add({"l": number, "h": number})


def writers(_place: Place) -> Writers:
    """Give the write half for each FHIR type."""
    return dict.fromkeys(SINGLE, _number)


def asides(_place: Place) -> Mapping[str, Mapping[str, Aside]]:
    """Write nothing beside."""
    return {}


def condition(field: Field, modifier: str | None, value: str, _place: Place) -> Filter:
    """Compile ``field=value``, with any of R4's prefixes."""
    if modifier is not None:
        raise NotSupported(
            f"Modifier :{modifier} is not supported on number parameters; :missing is, and the "
            "prefixes eq ne gt lt ge le sa eb ap."
        )
    return within(field, asked(value))


def asked(value: str, to: Measure = float) -> list[Filter]:
    """Read ``lt5.4`` as tests of ``l`` and ``h``, any of which must hold; raises BadRequest.

    ``to`` says how a number stands in the index.
    """
    match = _NUMBER.fullmatch(value.replace(" ", "+"))
    if match is None or len(value) > _LONGEST:
        raise BadRequest(
            f"{value!r} is not a number to search for; right would be 5.4, lt5 or ap1.2e3."
        )
    return compared(match["prefix"] or "eq", Decimal(match["value"]), _half(match), to)


def _half(match: re.Match[str]) -> Decimal:
    """Give half a unit of the last digit; R4 reads 1e2 as two digits, 95 to 105."""
    exponent = Decimal(match["value"]).as_tuple().exponent
    shift = int(exponent) - (match["part"] is None and "e" in match["value"].lower())
    return Decimal(5).scaleb(shift - 1)


def compared(prefix: str, number: Decimal, half: Decimal, to: Measure = float) -> list[Filter]:
    """Say which ranges [l, h] compare so with ``number``; any of the filters given."""
    exact, low, high = to(number), to(number - half), to(number + half)
    margin = max(abs(number) / 10, half)
    near: Filter = {"l": {"$lte": to(number + margin)}, "h": {"$gte": to(number - margin)}}
    return {
        "eq": [{"l": {"$gte": low, "$lt": high}, "h": {"$lt": high}}],
        "ne": [{"l": {"$lt": low}}, {"h": {"$gte": high}}],
        "gt": [{"h": {"$gt": exact}}],
        "lt": [{"l": {"$lt": exact}}],
        "ge": [{"h": {"$gte": exact}}],
        "le": [{"l": {"$lte": exact}}],
        "sa": [{"l": {"$gt": exact}}],
        "eb": [{"h": {"$lt": exact}}],
        "ap": [near],
    }[prefix]


def within(field: Field, choices: list[Filter], also: Filter | None = None) -> Filter:
    """Put the tests at their place; ``also`` must hold for the same element."""
    tests = [{**each, **(also or {})} for each in choices]
    if field.many:
        found: list[Filter] = [{field.path: {"$elemMatch": each}} for each in tests]
    else:
        found = [{f"{field.path}.{end}": test for end, test in each.items()} for each in tests]
    return found[0] if len(found) == 1 else {"$or": found}
