"""Times of day: quiet hours, in which nobody is written to, and when planned messages go. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import tzinfo

NONE: Final = "none"
_TIME: Final = r"([01]\d|2[0-3])[:.]([0-5]\d)"


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of every day from ``start`` up to ``end``, perhaps over midnight, in a zone."""

    start: time
    end: time
    zone: tzinfo

    def until(self, moment: datetime) -> datetime | None:
        """Give when the quiet hours that a moment lies in are over; None if it lies in none."""
        here = moment.astimezone(self.zone)
        now = here.time()
        over_midnight = self.start > self.end
        inside = (
            now >= self.start or now < self.end if over_midnight else self.start <= now < self.end
        )
        if not inside:
            return None
        day = here.date() + timedelta(days=1 if over_midnight and now >= self.start else 0)
        return datetime.combine(day, self.end, self.zone)


def quiet(text: str, zone: tzinfo) -> Quiet | None:
    """Read ``21:00-06:00``; None for ``none``. ValueError says what would be right."""
    if text == NONE:
        return None
    found = re.fullmatch(rf"{_TIME}-{_TIME}", text)
    if found is None or found[1] + found[2] == found[3] + found[4]:
        raise ValueError(f"FHIR_WHATSAPP_TENANG={text!r} is not like 21:00-06:00, or none.")
    a, b, c, d = (int(each) for each in found.groups())
    return Quiet(time(a, b), time(c, d), zone)


def time_of_day(text: str) -> time | None:
    """Read ``08:00``; None for ``none``. ValueError says what would be right."""
    if text == NONE:
        return None
    found = re.fullmatch(_TIME, text)
    if found is None:
        raise ValueError(f"FHIR_WHATSAPP_JADWAL={text!r} is not like 08:00, or none.")
    return time(int(found[1]), int(found[2]))
