"""What a search says of time, patients and ids, so that only blocks that matter are read. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.search.plan import Filter

EVER: Final = (-(2**62), 2**62)
SLACK_MS: Final = 2000
_TIMES: Final = frozenset({"ix.date.l", "ix.date.h", "t"})
_PATIENT: Final = "Patient/"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where matches can lie: times (ms, both included), patients and ids; None: anywhere."""

    low: int = EVER[0]
    high: int = EVER[1]
    patients: frozenset[str] | None = None
    ids: frozenset[str] | None = None

    def both(self, other: Bounds) -> Bounds:
        """Narrow to what lies in both."""
        return Bounds(
            max(self.low, other.low),
            min(self.high, other.high),
            _common(self.patients, other.patients),
            _common(self.ids, other.ids),
        )

    def either(self, other: Bounds) -> Bounds:
        """Widen to what lies in one of both."""
        known = self.patients is not None and other.patients is not None
        return Bounds(
            min(self.low, other.low),
            max(self.high, other.high),
            (self.patients or frozenset()) | (other.patients or frozenset()) if known else None,
        )


def bounds(wanted: Filter) -> Bounds:
    """Read a filter; what is not understood narrows nothing."""
    found = Bounds()
    for name, test in wanted.items():
        if name == "$and":
            for each in test:
                found = found.both(bounds(each))
        elif name == "$or":
            first, *others = (bounds(each) for each in test)
            for each in others:
                first = first.either(each)
            found = found.both(first)
        elif name in _TIMES:
            found = found.both(_times(test))
        elif name == "ix.patient":
            found = found.both(Bounds(patients=_patients(test)))
        elif name == "_id":
            found = found.both(Bounds(ids=_values(test)))
    return found


def _common(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _times(test: Any) -> Bounds:
    if not isinstance(test, dict):
        return Bounds()
    low, high = EVER
    for sign, value in test.items():
        if (moment := _ms(value)) is None:
            continue
        if sign in {"$gt", "$gte"}:
            low = max(low, moment - SLACK_MS)
        elif sign in {"$lt", "$lte"}:
            high = min(high, moment + SLACK_MS)
    return Bounds(low, high)


def _ms(value: Any) -> int | None:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    return int(value) if isinstance(value, int | float) else None


def _patients(test: Any) -> frozenset[str] | None:
    values = _values(test)
    if values is None or not all(each.startswith(_PATIENT) for each in values):
        return None
    return frozenset(each.removeprefix(_PATIENT) for each in values)


def _values(test: Any) -> frozenset[str] | None:
    if isinstance(test, str):
        return frozenset({test})
    if isinstance(test, dict) and test.keys() == {"$in"} and _are_texts(test["$in"]):
        return frozenset(test["$in"])
    return None


def _are_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(each, str) for each in values)
