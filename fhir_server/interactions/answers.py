"""A stored version as an Answer: its headers, and the body the client prefers.

https://hl7.org/fhir/R4/http.html#ops
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from fhir_server.errors import Issue
from fhir_server.interactions.outcome import outcome
from fhir_server.interactions.request import Answer
from fhir_server.resources.wire import dump

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fhir_server.interactions.request import Request
    from fhir_server.store.ops import Stored, Written

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)


def etag(version: int) -> str:
    """Write a version as the weak ETag of R4."""
    return f'W/"{version}"'


def http_date(moment: datetime) -> str:
    """Write an aware UTC datetime as HTTP does, in English whatever the locale."""
    return _http_date(moment.replace(microsecond=0))


@lru_cache(maxsize=4096)
def _http_date(moment: datetime) -> str:
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02d} {month} {moment.year:04d} {moment:%H:%M:%S} GMT"


def headers_of(stored: Stored) -> dict[str, str]:
    """Name the version and its time."""
    return {"ETag": etag(stored.version), "Last-Modified": http_date(stored.moment)}


def location(base: str, stored: Stored) -> str:
    """Give the absolute address of one version."""
    return f"{base}/{stored.resource_type}/{stored.id}/_history/{stored.version}"


def preferences(headers: Mapping[str, str]) -> dict[str, str]:
    """Read ``Prefer``: names in lower case, values as they are (``return=OperationOutcome``)."""
    given = headers.get("prefer")
    if not given:
        return {}
    pairs = (part.partition("=") for part in given.replace(";", ",").split(","))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def written(request: Request, result: Written) -> Answer:
    """Answer a create or update as ``Prefer: return=`` asks; by default with the resource."""
    stored = result.stored
    status = 201 if result.created else 200
    verb = "created" if result.created else "updated"
    headers = headers_of(stored) | {"Location": location(request.base, stored)}
    return Answer(status, body_of(request, stored, verb), headers)


def body_of(request: Request, stored: Stored, verb: str) -> bytes:
    """Choose what a write answers with: the resource, nothing, or an outcome in words."""
    match preferences(request.headers).get("return"):
        case "minimal":
            return b""
        case "OperationOutcome":
            says = f"{stored.resource_type}/{stored.id} was {verb}; version {stored.version}."
            return dump(outcome([Issue("informational", says, severity="information")]))
    return stored.raw
