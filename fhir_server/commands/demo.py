"""The demo puskesmas: invented documents of ``fhir_server/demo``, on dates around today.

They take the road of every SOP document. What is there already is left as it is, so a demo that
was loaded half-way is finished, not doubled.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import yaml

from fhir_server import exchange
from fhir_server.errors import NotFound
from fhir_server.rest.sop_schemas import schema_of
from fhir_server.sop import arsip, entitas

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fhir_server.context import Context

FIRST = ("01", "02", "03")
"""The files that make the clinic and its day; the others tell the month that it has behind it."""
FOLDER = Path(__file__).parent.parent / "demo"
_MOMENT = re.compile(r"@(-?\d+)(?: (\d\d):(\d\d))?")
_MONTH = re.compile(r"@(awal|akhir)-(\d+)")
"""First or last day of the month so many months ago."""
_CALENDAR = re.compile(r"@(tahun|bulan)(-\d+)?")
"""The year, or the month as ``2024-06``, that is or was so many of them ago."""
_IN_AN_ID = re.compile(r"\{@(-?\d+)\}")


def load(context: Context, *, first: bool | None = None) -> int:
    """Publish the demo in the order of its files, or the first ones, or those that follow.

    Gives the number of documents.
    """
    today = context.clock().astimezone(ZoneInfo(context.settings.timezone))
    loaded = 0
    for entry in documents(today, first=first):
        _publish(context, entry)
        loaded += 1
    return loaded


def documents(today: datetime, *, first: bool | None = None) -> Iterator[dict[str, Any]]:
    """Read the demo's entries: ``entitas``, ``id``, ``dokumen``, and what changes ``lalu``."""
    for path in sorted(FOLDER.glob("*.yaml")):
        if first is not None and path.name.startswith(FIRST) != first:
            continue
        for entry in yaml.safe_load(path.read_text("utf-8")):
            yield _dated(entry, today)


def _publish(context: Context, entry: dict[str, Any]) -> None:
    name = entry["entitas"].replace("-", "_")
    schema = schema_of(entitas()[name].dokumen)
    fields = entry["dokumen"]
    try:
        exchange.present(context, name, entry["id"])
    except NotFound:
        exchange.publish(context, name, schema.load(fields), document_id=entry["id"])
    taken = sum(each.keadaan == "selesai" for each in arsip.riwayat(name, entry["id"]))
    for step, changes in enumerate(entry.get("lalu", ()), start=2):
        fields = {**fields, **changes}
        if taken < step:
            version = exchange.present(context, name, entry["id"]).version
            document = schema.load(fields)
            exchange.revise(context, name, entry["id"], document, version=version)


def _dated(value: Any, today: datetime) -> Any:
    if isinstance(value, dict):
        return {name: _dated(each, today) for name, each in value.items()}
    if isinstance(value, list):
        return [_dated(each, today) for each in value]
    if not isinstance(value, str):
        return value
    if (found := _MOMENT.fullmatch(value)) is not None:
        return _moment(found, today)
    if (found := _MONTH.fullmatch(value)) is not None:
        return _day_of_month(found, today)
    if (found := _CALENDAR.fullmatch(value)) is not None:
        return _calendar(found, today)
    return _IN_AN_ID.sub(lambda part: f"{today + timedelta(days=int(part[1])):%Y%m%d}", value)


def _moment(found: re.Match[str], today: datetime) -> str:
    day = today + timedelta(days=int(found[1]))
    if found[2] is None:
        return day.date().isoformat()
    clock = day.replace(hour=int(found[2]), minute=int(found[3]), second=0, microsecond=0)
    return clock.isoformat()


def _calendar(found: re.Match[str], today: datetime) -> int | str:
    before = int(found[2] or 0)
    if found[1] == "tahun":
        return today.year + before
    year, month = divmod(today.year * 12 + today.month - 1 + before, 12)
    return f"{year:04d}-{month + 1:02d}"


def _day_of_month(found: re.Match[str], today: datetime) -> str:
    number = today.year * 12 + today.month - 1 - int(found[2])
    year, month = number // 12, number % 12 + 1
    day = 1 if found[1] == "awal" else monthrange(year, month)[1]
    return date(year, month, day).isoformat()
