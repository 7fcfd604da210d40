"""date, dateTime, instant and time: written as R4 says, and real days of the calendar.

https://hl7.org/fhir/R4/datatypes.html#date
"""

from __future__ import annotations

import re
from datetime import date

_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE = r"(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)"
_is_moment = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T{_TIME}{_ZONE}").fullmatch
_is_time = re.compile(_TIME).fullmatch
_is_partial = re.compile(r"(?!0000)[0-9]{4}(-(0[1-9]|1[0-2]))?").fullmatch


def is_date(text: str) -> bool:
    """Say whether this is a year, a month or a day: 1998, 1998-02, 1998-02-28."""
    return _is_day(text) if len(text) == 10 else _is_partial(text) is not None


def is_datetime(text: str) -> bool:
    """Say whether this is a date, or a moment with seconds and a zone."""
    return is_instant(text) if len(text) > 10 else is_date(text)


def is_instant(text: str) -> bool:
    """Say whether this is a moment with seconds and a zone; a leap second may be one."""
    return _is_moment(text) is not None and _is_day(text[:10])


def is_time(text: str) -> bool:
    """Say whether this is a time of day with seconds and no zone."""
    return _is_time(text) is not None


def _is_day(text: str) -> bool:
    if not text[4] == "-" == text[7]:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
