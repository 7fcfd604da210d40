"""One line of an exported chat: where a message begins, on what day, and what is after it.

WhatsApp writes date and time as the telephone does, so the same export has many spellings:

    14/11/23 10.04 - Bidan Ani: teks               Android, Indonesian
    20/08/2024, 14:30 - Bu Siti: teks              Android, elsewhere
    8/20/24, 2:30 PM - Dr X: teks                  Android, United States
    [20/08/24, 14.30.15] Bu Siti: teks             iPhone, Indonesian
    [8/20/24, 2:30:15 PM] Bu Siti: teks            iPhone, United States
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

MARK: Final = "\u200e"  # an iPhone sets it before what WhatsApp, not a person, has written
_DROPPED: Final = dict.fromkeys(map(ord, "\ufeff\u200f\u202a\u202c\u2068\u2069\r"))
_SPACES: Final = dict.fromkeys(map(ord, "\u202f\u00a0"), " ")
_CLEANED: Final = _DROPPED | _SPACES
_DATE: Final = r"(?P<a>\d{1,2})(?P<slash>[/.-])(?P<b>\d{1,2})(?P=slash)(?P<year>\d{4}|\d{2})"
_TIME: Final = (
    r"(?P<hour>\d{1,2})(?P<colon>[.:])(?P<minute>\d{2})(?:(?P=colon)(?P<second>\d{2}))?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
)
_ANDROID: Final = re.compile(rf"{_DATE},? {_TIME} - (?P<rest>.*)", re.ASCII | re.DOTALL)
_IPHONE: Final = re.compile(rf"\[{_DATE},? {_TIME}\] (?P<rest>.*)", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Header:
    """The head of a message before it is known whether the day or the month comes first.

    ``rest`` is what follows, still with its MARKs.
    """

    a: int
    b: int
    year: int
    clock: tuple[int, int, int]
    has_seconds: bool
    rest: str

    def moment(self, *, day_first: bool) -> datetime | None:
        """Read the local time; None where the calendar has no such day."""
        day, month = (self.a, self.b) if day_first else (self.b, self.a)
        try:
            return datetime(self.year, month, day, *self.clock)  # noqa: DTZ001 - local; the zone is a setting
        except ValueError:
            return None


def cleaned(line: str) -> str:
    """Drop what cannot be seen and make every space a space; MARKs stay for ``header``."""
    return line.translate(_CLEANED)


def unmarked(text: str) -> str:
    """Drop the MARKs."""
    return text.replace(MARK, "")


def header(line: str) -> Header | None:
    """Read a cleaned line as the head of a message; None: it continues the message before."""
    start = line.lstrip(MARK)
    found = _ANDROID.fullmatch(start) or _IPHONE.fullmatch(start)
    clock = _clock(found) if found else None
    if found is None or clock is None:
        return None
    year = int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
    head = Header(
        int(found["a"]), int(found["b"]), year, clock, found["second"] is not None, found["rest"]
    )
    real = (head.moment(day_first=True), head.moment(day_first=False))
    return head if any(real) else None


def is_impossible(line: str) -> bool:
    """Tell whether a cleaned line looks like a head, with a day or an hour that does not exist."""
    start = line.lstrip(MARK)
    return header(line) is None and bool(_ANDROID.fullmatch(start) or _IPHONE.fullmatch(start))


def _clock(found: re.Match[str]) -> tuple[int, int, int] | None:
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if minute > 59 or second > 59:
        return None
    if found["half"] is None:
        return (hour, minute, second) if hour <= 23 else None
    if not 1 <= hour <= 12:
        return None
    return hour % 12 + (12 if found["half"] in "Pp" else 0), minute, second
