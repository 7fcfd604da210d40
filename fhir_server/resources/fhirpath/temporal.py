"""Date, DateTime and Time of FHIRPath: as precise as they are written, compared only as far.

https://hl7.org/fhirpath/N1/#datetime-equality
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from fhir_server.resources.fhirpath.errors import Inapplicable

_TEMPORAL = re.compile(
    r"@?(?:(\d{4})(?:-(\d\d)(?:-(\d\d))?)?)?"
    r"(?:(T)?(?:(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?)?(Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_HOURS_EAST = timedelta(hours=14)
_HOURS_WEST = timedelta(hours=12)
_SECONDS: dict[str, Decimal] = {
    "week": Decimal(604_800),
    "day": Decimal(86_400),
    "hour": Decimal(3_600),
    "minute": Decimal(60),
    "second": Decimal(1),
    "millisecond": Decimal("0.001"),
}
_LEAST: tuple[Any, ...] = (1, 1, 1, 0, 0, Decimal(0))


@dataclass(frozen=True, slots=True)
class Temporal:
    """A point in time; ``parts`` are year, month, day, hour, minute, second as far as known.

    A Time has hour, minute and second only. ``zone`` is minutes east of UTC.
    """

    kind: str
    parts: tuple[Any, ...]
    zone: int | None = None

    def __str__(self) -> str:
        if self.kind == "Time":
            return _clock(self.parts)
        day = "-".join(f"{part:0{4 if at == 0 else 2}d}" for at, part in enumerate(self.parts[:3]))
        if self.kind == "Date":
            return day
        return f"{day}T{_clock(self.parts[3:])}{_zone(self.zone)}" if self.parts[3:] else day

    @property
    def digits(self) -> int:
        """Count the digits of its precision: 4 for a year, 17 for milliseconds."""
        start = 0 if self.kind == "Time" else 4
        known = self.parts if self.kind == "Time" else self.parts[1:]
        seconds = known[-1] if known and isinstance(known[-1], Decimal) else None
        return start + 2 * len(known) + (3 if seconds is not None and _fine(seconds) else 0)


def temporal(text: str, kind: str | None = None) -> Temporal | None:
    """Read a literal (``@2015-02``, ``@T14:30``), or FHIR's text of a ``kind``; else None."""
    if kind == "Time" and not text.startswith("@"):
        text = f"@T{text.removeprefix('T')}"
    match = _TEMPORAL.fullmatch(text)
    if match is None:
        return None
    year, month, day, mark, hour, minute, second, zone = match.groups()
    clock = [
        *(int(part) for part in (hour, minute) if part),
        *([Decimal(second)] if second else []),
    ]
    if year is None:
        return _real(Temporal("Time", tuple(clock))) if mark and clock and not zone else None
    calendar = [int(part) for part in (year, month, day) if part]
    if (clock and (len(calendar) < 3 or not mark)) or (zone and not clock):
        return None
    kind = kind or ("DateTime" if mark else "Date")
    if kind == "Date" and clock:
        return None
    return _real(Temporal(kind, (*calendar, *clock), _minutes(zone)))


def compare(left: Temporal, right: Temporal) -> int | None:
    """Say which is earlier: -1, 0, 1, or None where the precision does not tell."""
    if (left.kind == "Time") != (right.kind == "Time"):
        raise Inapplicable("A time of day cannot be compared with a date.")
    if (left.zone is None) != (right.zone is None):
        return _overlap(left, right)
    if left.zone is not None:
        left, right = in_utc(left), in_utc(right)
    for mine, other in zip_longest(left.parts, right.parts):
        if mine is None or other is None:
            return None
        if mine != other:
            return -1 if mine < other else 1
    return 0


def add(moment: Temporal, value: Decimal, unit: str) -> Temporal:
    """Move a point in time; ``unit`` is a calendar unit, and the precision stays as it was."""
    if unit not in _SECONDS and unit not in {"year", "month"}:
        raise Inapplicable(f"A date cannot be moved by {unit!r}.")
    whole = value if unit in {"second", "millisecond"} else Decimal(int(value))
    try:
        if moment.kind == "Time":
            return _add_to_time(moment, whole, unit)
        if unit in {"year", "month"} or len(moment.parts) < 3:
            return _add_months(moment, _as_months(moment, whole, unit))
        return _add_seconds(moment, whole * _SECONDS[unit])
    except (OverflowError, ValueError) as error:
        raise Inapplicable("The date leaves the calendar.") from error


def edge(moment: Temporal, digits: int | None, *, high: bool) -> Temporal | None:
    """Give the first or last point that the moment may mean, to so many digits."""
    full = {"Date": 8, "DateTime": 17, "Time": 9}[moment.kind]
    digits = full if digits is None else digits
    sizes = {"Time": {2: 1, 4: 2, 6: 3, 9: 3}}.get(
        moment.kind, {4: 1, 6: 2, 8: 3, 10: 4, 12: 5, 14: 6, 17: 6}
    )
    if digits not in sizes or digits > full:
        return None
    parts = list(moment.parts[: sizes[digits]])
    offset = 3 if moment.kind == "Time" else 0
    while len(parts) < sizes[digits]:
        parts.append(_bound(parts, len(parts) + offset, high=high))
    if isinstance(parts[-1], Decimal) and digits in {9, 17}:
        parts[-1] = parts[-1].quantize(Decimal("0.001"))
    zone = moment.zone
    if moment.kind == "DateTime" and zone is None and len(parts) > 3:
        zone = -720 if high else 840
    return Temporal(moment.kind, tuple(parts), zone if len(parts) > 3 else None)


def now(moment: datetime) -> Temporal:
    """Make a DateTime of an aware datetime, to the millisecond."""
    found = temporal(moment.isoformat(timespec="milliseconds"), "DateTime")
    if found is None:
        raise Inapplicable("The clock gives no time with a zone.")
    return found


def _bound(parts: list[Any], at: int, *, high: bool) -> Any:
    if not high:
        return _LEAST[at]
    if at == 2:
        return _month_days(parts[0], parts[1])
    return (9999, 12, 31, 23, 59, Decimal("59.999"))[at]


def _real(found: Temporal) -> Temporal | None:
    """Give it back if its parts are a day and an hour that exist."""
    known = found.parts if found.kind != "Time" else (2000, 1, 1, *found.parts)
    try:
        _datetime(known)
    except ValueError:
        return None
    return found if not known[5:] or known[5] <= 60 else None


def _datetime(parts: tuple[Any, ...]) -> datetime:
    year, month, day, hour, minute, second = (*parts, *_LEAST[len(parts) :])
    micro = int(min(second, Decimal("59.999999")) * 1_000_000) if second < 61 else -1
    return datetime(year, month, day, hour, minute) + timedelta(microseconds=micro)  # noqa: DTZ001


def in_utc(moment: Temporal) -> Temporal:
    """Say the same point in time in UTC, as precise as it was."""
    if not moment.zone or len(moment.parts) < 4:
        return moment
    hours = moment.parts[3:5]
    try:
        shifted = _datetime((*moment.parts[:3], *hours)) - timedelta(minutes=moment.zone)
    except OverflowError:
        return moment
    parts = (shifted.year, shifted.month, shifted.day, shifted.hour, shifted.minute)
    return replace(moment, parts=(*parts[: 3 + len(hours)], *moment.parts[5:]), zone=0)


def _overlap(left: Temporal, right: Temporal) -> int | None:
    """Compare one that has a zone with one that has none, which may be anywhere on earth."""
    try:
        (start, end), (begin, stop) = _span(left), _span(right)
    except OverflowError:
        return None
    if end < begin:
        return -1
    return 1 if start > stop else None


def _span(moment: Temporal) -> tuple[datetime, datetime]:
    low, high = edge(moment, None, high=False), edge(moment, None, high=True)
    if moment.kind == "Date":
        low = Temporal("DateTime", moment.parts + _LEAST[len(moment.parts) : 3])
        high = Temporal(
            "DateTime", (*(edge(moment, 8, high=True) or low).parts, 23, 59, Decimal(59))
        )
    if low is None or high is None:
        raise OverflowError
    if moment.zone is None:
        return _datetime(low.parts) - _HOURS_EAST, _datetime(high.parts) + _HOURS_WEST
    return _datetime(in_utc(low).parts), _datetime(in_utc(high).parts)


def _as_months(moment: Temporal, value: Decimal, unit: str) -> int:
    if unit == "year":
        return int(value) * 12
    if unit == "month":
        months = int(value)
    else:
        months = int(value * _SECONDS[unit] / 86_400 / 30)
        if len(moment.parts) == 1:
            return int(value * _SECONDS[unit] / 86_400 / 365) * 12
    return months if len(moment.parts) > 1 else int(months / 12) * 12


def _add_months(moment: Temporal, months: int) -> Temporal:
    year, month, day = (*moment.parts[:3], *_LEAST[len(moment.parts) : 3])
    year, month = divmod(year * 12 + month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    parts = (year, month + 1, min(day, _month_days(year, month + 1)), *moment.parts[3:])
    return replace(moment, parts=parts[: len(moment.parts)])


def _add_seconds(moment: Temporal, seconds: Decimal) -> Temporal:
    moved = _datetime(moment.parts) + timedelta(microseconds=int(seconds * 1_000_000))
    size = len(moment.parts)
    parts: list[Any] = [moved.year, moved.month, moved.day, moved.hour, moved.minute]
    if size == 6:
        parts.append(_second(moved, moment.parts[5], seconds))
    return replace(moment, parts=tuple(parts[:size]))


def _add_to_time(moment: Temporal, value: Decimal, unit: str) -> Temporal:
    if unit not in _SECONDS or unit in {"week", "day"}:
        raise Inapplicable(f"A time of day cannot be moved by {unit}s.")
    moved = _add_seconds(
        Temporal("DateTime", (2000, 1, 2, *moment.parts)), value * _SECONDS[unit] % 86_400
    )
    return replace(moment, parts=moved.parts[3:])


def _second(moved: datetime, before: Decimal, added: Decimal) -> Decimal:
    exact = Decimal(moved.second) + Decimal(moved.microsecond) / 1_000_000
    digits = max(-_exponent(before), -_exponent(added.normalize()) if added % 1 else 0, 0)
    return exact.quantize(Decimal(1).scaleb(-digits))


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _fine(second: Decimal) -> bool:
    return _exponent(second) < 0


def _month_days(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in {4, 6, 9, 11} else 31


def _clock(parts: tuple[Any, ...]) -> str:
    words = [f"{part:02d}" for part in parts[:2]]
    if len(parts) > 2:
        whole, _, rest = f"{parts[2]:f}".partition(".")
        words.append(f"{whole:0>2}" + (f".{rest}" if rest else ""))
    return ":".join(words)


def _minutes(zone: str | None) -> int | None:
    if not zone:
        return None
    if zone == "Z":
        return 0
    value = int(zone[1:3]) * 60 + int(zone[4:6])
    return -value if zone[0] == "-" else value


def _zone(minutes: int | None) -> str:
    if minutes is None:
        return ""
    if minutes == 0:
        return "Z"
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
