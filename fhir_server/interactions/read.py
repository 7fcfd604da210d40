"""FHIR read and vread, whole or as far as ``_elements`` or ``_summary`` asks.

https://hl7.org/fhir/R4/http.html#read
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from fhir_server.errors import BadRequest, Gone, NotFound
from fhir_server.interactions.answers import headers_of
from fhir_server.interactions.preconditions import is_unchanged
from fhir_server.interactions.request import Answer
from fhir_server.resources.subsets import narrow

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.store.ops import Stored

_SUMMARIES = ("true", "text", "data", "false")


def read(context: Context, request: Request, resource_type: str, resource_id: str) -> Answer:
    """Answer with the current version; 410 if it was deleted."""
    stored = context.store.read(resource_type, resource_id)
    if stored is None:
        raise NotFound(f"There is no {resource_type}/{resource_id}.")
    return _answer(context, request, stored)


def vread(
    context: Context, request: Request, resource_type: str, resource_id: str, version: str
) -> Answer:
    """Answer with one version, current or past; 410 if that version is a deletion."""
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 19 else 0
    stored = context.store.vread(resource_type, resource_id, number) if number else None
    if stored is None:
        raise NotFound(f"There is no version {version} of {resource_type}/{resource_id}.")
    return _answer(context, request, stored)


def _answer(context: Context, request: Request, stored: Stored) -> Answer:
    if stored.text is None:
        where = f"{stored.resource_type}/{stored.id}"
        raise Gone(f"{where} was deleted; version {stored.version} is the deletion.")
    if is_unchanged(request.headers, stored):
        return Answer(304, b"", headers_of(stored))
    asked = "_elements" in request.query or "_summary" in request.query
    raw = _part(context, request, stored.raw) if asked else stored.raw
    return Answer(200, raw, headers_of(stored))


def _part(context: Context, request: Request, raw: bytes) -> bytes:
    """Give what ``_elements`` or ``_summary`` leaves of a resource."""
    given = dict(parse_qsl(request.query))
    summary = given.get("_summary", "false")
    if summary not in _SUMMARIES:
        raise BadRequest(f"_summary={summary!r} is none of: {', '.join(_SUMMARIES)}.")
    elements = [each for each in given.get("_elements", "").split(",") if each]
    if not elements and summary == "false":
        return raw
    return narrow(raw, context.definitions, elements, summary)
