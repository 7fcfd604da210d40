"""minValue and maxValue: numbers, quantities of one unit, and dates, which are periods.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.minValue_x_
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time
from typing import Any

Period = tuple[datetime, datetime]

_ANY_DAY = date(2000, 1, 1)


def compared(value: Any, bound: Any) -> int | None:
    """Say -1 if surely less than the bound, 1 if surely more, else 0; None: not comparable."""
    if isinstance(value, dict) and isinstance(bound, dict):
        same = all(value.get(key) == bound.get(key) for key in ("system", "code"))
        return compared(value.get("value"), bound.get("value")) if same else None
    if isinstance(value, str) and isinstance(bound, str):
        return _moments(value, bound)
    if _is_number(value) and _is_number(bound):
        return int(value > bound) - int(value < bound)
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moments(value: str, bound: str) -> int | None:
    one, other = _period(value), _period(bound)
    if one is None or other is None:
        return None
    if one[1] < other[0]:
        return -1
    return 1 if one[0] > other[1] else 0


def _period(text: str) -> Period | None:
    """Give the first and last moment of a date, dateTime, instant or time; UTC if none is said."""
    try:
        if ":" in text and "T" not in text:
            moment = datetime.combine(_ANY_DAY, time.fromisoformat(text), UTC)
            return moment, moment
        if "T" in text:
            moment = datetime.fromisoformat(text)
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return aware, aware
        return _days(*(int(part) for part in text.split("-")))
    except (ValueError, TypeError):
        return None


def _days(year: int, month: int | None = None, day: int | None = None) -> Period:
    first = datetime(year, month or 1, day or 1, tzinfo=UTC)
    last_month = month or 12
    last_day = day or monthrange(year, last_month)[1]
    last = datetime(year, last_month, last_day, 23, 59, 59, 999_999, tzinfo=UTC)
    return first, last
