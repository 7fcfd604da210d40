"""Dates: whole, not in the future, not older than the platform takes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tools.satusehat_simulator.outcomes import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.satusehat_simulator.world import Document, Ways

CHECKED = {
    "date", "issued", "effectiveDateTime", "recordedDate", "recorded", "authoredOn", "authored",
    "created", "performedDateTime", "occurrenceDateTime", "collectedDateTime", "receivedTime",
    "whenPrepared", "whenHandedOver", "dateAsserted",
}  # fmt: skip
"""Elements whose date is looked at; what is planned, expires or is a value is not."""

PERIODS = {"period", "performedPeriod", "collectedPeriod", "effectivePeriod"}
MAY_LIE_AHEAD = {"ServiceRequest.occurrenceDateTime"}
WHOLE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
FORMAT = ". Format allowed : YYYY-MM-DDThh:mm:ss+00:00"
SLACK = timedelta(minutes=5)


def wrong(resource: Document, ways: Ways) -> list[Issue]:
    """Name the dates that are not whole, lie ahead, or lie too far back."""
    kind = resource["resourceType"]
    return [
        issue
        for value, at in _dates(resource, kind)
        if (issue := _wrong(value, at, ways)) is not None
    ]


def _wrong(value: str, at: str, ways: Ways) -> Issue | None:
    rule = 10406 if at.startswith("EpisodeOfCare.period") else 10132
    if not WHOLE.fullmatch(value):
        return Issue("format", f"Invalid date time format : {value}", at, rule, FORMAT)
    instant = datetime.fromisoformat(value)
    earliest = datetime.fromisoformat(ways.earliest).replace(tzinfo=UTC)
    ahead = instant > datetime.now(UTC) + SLACK and at not in MAY_LIE_AHEAD
    if not ahead and instant >= earliest:
        return None
    tail = f" Not Allowed : Future Date or Past Date older than {ways.earliest_said}"
    return Issue("value", f"Invalid date time value : {value}", at, rule, tail)


def _dates(part: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, list):
        for index, each in enumerate(part):
            yield from _dates(each, f"{path}[{index}]")
    if not isinstance(part, dict):
        return
    for name, value in part.items():
        at = f"{path}.{name}"
        if name in {"contained", "meta"}:
            continue
        if name in CHECKED and isinstance(value, str):
            yield value, at
        elif name in PERIODS and isinstance(value, dict):
            yield from ((value[each], f"{at}.{each}") for each in ("start", "end") if each in value)
        elif isinstance(value, (dict, list)):
            yield from _dates(value, at)
