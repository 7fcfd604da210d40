"""What a search parameter of type date writes to the index, and how it asks.

Every value is a range ``{l, h}`` of epoch milliseconds, ``h`` not included: ``2024-03`` is the
whole of March. A value without a zone is in the zone of the settings; a Timing counts by its
outer limits; an open end of a Period lies outside all dates.

https://hl7.org/fhir/R4/search.html#date
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.remembering import known

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from fhir_server.search.field import Add, Aside, Field, Place, Writer, Writers
    from fhir_server.search.plan import Filter

SORT = ".l"
SINGLE = frozenset({"date", "dateTime", "instant", "Period", "Timing"})
EARLIEST = -62_167_219_200_000
LATEST = 253_402_387_200_000
PREFIXES = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})
Range = tuple[int, int]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DATE = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"(T(?P<hour>\d\d):(?P<minute>\d\d)(:(?P<second>\d\d)(?P<fraction>\.\d+)?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?"
)


def bounds(text: str, zone: ZoneInfo) -> Range:
    """Give the first millisecond of a date, dateTime or instant and the first one after it.

    Raises ValueError when it is no date.
    """
    return _reader(zone)(text)


@lru_cache(8)
def _reader(zone: ZoneInfo) -> Callable[[str], Range]:
    """Give what reads dates where those without a zone are of this one, remembering them."""
    return known(4096)(lambda text: _bounds(text, zone))


def _bounds(text: str, zone: ZoneInfo) -> Range:
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    given = match.groupdict()
    year, month, day = int(given["year"]), int(given["month"] or 1), int(given["day"] or 1)
    if given["hour"] is None:
        low = _clamped(year, month, day, zone)
        return low, _after(given, year, month, day, zone)
    second = int(given["second"] or 0)
    seconds = int(given["hour"]) * 3600 + int(given["minute"]) * 60 + min(second, 59)
    if int(given["minute"]) > 59 or second > 60 or int(given["hour"]) > 23:
        raise ValueError(text)
    low = _clock(datetime(year, month, day, tzinfo=UTC), seconds, given["zone"], zone)
    low += (second == 60) * 1000
    digits = (given["fraction"] or ".")[1:4]
    low += int(digits.ljust(3, "0"))
    return low, low + (60_000 if given["second"] is None else 10 ** (3 - len(digits)))


def _clock(day: datetime, seconds: int, offset: str | None, zone: ZoneInfo) -> int:
    """Give the millisecond at which a clock shows ``seconds`` after midnight of ``day``."""
    if offset is None:
        wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(seconds=seconds)
        return (wall - _EPOCH) // _MILLISECOND
    shift = 0
    if offset != "Z":
        shift = int(offset[1:3]) * 3600 + int(offset[4:6]) * 60
        shift = -shift if offset[0] == "-" else shift
    return (day - _EPOCH) // _MILLISECOND + (seconds - shift) * 1000


def _after(given: dict[str, Any], year: int, month: int, day: int, zone: ZoneInfo) -> int:
    if given["month"] is None:
        return _clamped(year + 1, 1, 1, zone)
    if given["day"] is None:
        return _clamped(year + month // 12, month % 12 + 1, 1, zone)
    if (year, month, day) == (9999, 12, 31):
        return LATEST
    following = datetime(year, month, day, tzinfo=UTC) + timedelta(days=1)
    return _clamped(following.year, following.month, following.day, zone)


def _clamped(year: int, month: int, day: int, zone: ZoneInfo) -> int:
    if year > 9999:
        return LATEST
    try:
        return (datetime(year, month, day, tzinfo=zone) - _EPOCH) // _MILLISECOND
    except OverflowError:
        return EARLIEST


def _period(value: Any, zone: ZoneInfo) -> Range | None:
    start, end = value.get("start"), value.get("end")
    if start is None and end is None:
        return None
    low = EARLIEST if start is None else bounds(start, zone)[0]
    return low, LATEST if end is None else bounds(end, zone)[1]


def _timing(value: Any, zone: ZoneInfo) -> Range | None:
    ranges = [bounds(each, zone) for each in value.get("event", ()) if each]
    outer = value.get("repeat", {}).get("boundsPeriod")
    outer = _period(outer, zone) if outer else None
    if outer:
        ranges.append(outer)
    if not ranges:
        return None
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def writers(place: Place) -> Writers:
    """Give the write half for each FHIR type."""
    zone = place.zone

    span = _reader(zone)

    def moment(value: Any, add: Add) -> None:
        low, high = span(value)
        add({"l": low, "h": high})

    def ranged(limits: Any) -> Writer:
        def write(value: Any, add: Add) -> None:
            found = limits(value, zone)
            if found is not None:
                add({"l": found[0], "h": found[1]})

        return write

    moments = dict.fromkeys(("date", "dateTime", "instant"), moment)
    return {**moments, "Period": ranged(_period), "Timing": ranged(_timing)}


def asides(_place: Place) -> Mapping[str, Mapping[str, Aside]]:
    """Write nothing beside."""
    return {}


def condition(field: Field, modifier: str | None, value: str, place: Place) -> Filter:
    """Compile ``field=value``, with any of R4's prefixes.

    Where the prefix leaves it open where a range begins, that is said too, for then MongoDB can
    enter an index that begins there.
    """
    if modifier is not None:
        raise NotSupported(
            f"Modifier :{modifier} is not supported on date parameters; :missing is, and the "
            "prefixes eq ne gt lt ge le sa eb ap."
        )
    prefix, low, high = asked(value, place)
    found = _placed(field, compared(prefix, low, high))
    if not field.many and prefix in {"ge", "gt", "le", "ne"}:
        found[f"{field.path}.l"] = {"$lt": high} if prefix == "le" else {"$gte": EARLIEST}
    return found


def asked(value: str, place: Place) -> tuple[str, int, int]:
    """Read ``ge2024-03`` as its prefix and its range; raises BadRequest."""
    prefix, text = (value[:2], value[2:]) if value[:2] in PREFIXES else ("eq", value)
    try:
        low, high = bounds(text.replace(" ", "+"), place.zone)
    except ValueError:
        raise BadRequest(
            f"{value!r} is not a date to search for; right would be 2024-03-01, ge2024-03 or "
            "2024-03-01T08:00:00+07:00."
        ) from None
    return (prefix, *_widened(low, high)) if prefix == "ap" else (prefix, low, high)


def _widened(low: int, high: int) -> Range:
    """Widen by a tenth of the gap to the present, as R4 recommends."""
    now = (datetime.now(UTC) - _EPOCH) // _MILLISECOND
    gap = max(low - now, now - high, 0) // 10
    return low - gap, high + gap


def compared(prefix: str, low: int, high: int) -> list[Filter]:
    """Say with what ranges [l, h) a range [low, high) compares: any of the filters given."""
    inside: Filter = {"l": {"$gte": low, "$lt": high}, "h": {"$lte": high}}
    before: Filter = {"l": {"$lt": low}}
    beyond: Filter = {"h": {"$gt": high}}
    return {
        "eq": [inside],
        "ne": [before, beyond],
        "gt": [beyond],
        "lt": [before],
        "ge": [beyond, inside],
        "le": [before, inside],
        "sa": [{"l": {"$gte": high}}],
        "eb": [{"l": {"$lt": low}, "h": {"$lte": low}}],
        "ap": [{"l": {"$lt": high}, "h": {"$gt": low}}],
    }[prefix]


def _placed(field: Field, choices: list[Filter]) -> Filter:
    if not field.many:
        spelt = [{f"{field.path}.{end}": test for end, test in each.items()} for each in choices]
        return spelt[0] if len(spelt) == 1 else {"$or": spelt}
    found = [{field.path: {"$elemMatch": each}} for each in choices]
    return found[0] if len(found) == 1 else {"$or": found}
