"""FHIR create, plain and conditional.

https://hl7.org/fhir/R4/http.html#create and https://hl7.org/fhir/R4/http.html#ccreate
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.interactions.answers import body_of, headers_of, location, written
from fhir_server.interactions.conditional import Exists, absent, criteria, matched
from fhir_server.interactions.provenance import witnessed
from fhir_server.interactions.request import Answer
from fhir_server.interactions.write import commit, prepare

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.store.ops import Put, Stored


def create(context: Context, request: Request, resource_type: str) -> Answer:
    """Store a new resource under a new id; with If-None-Exist only if nothing matches."""
    put = prepare(context, request.body, resource_type=resource_type)
    search = request.headers.get("if-none-exist")
    if search is not None:
        return _create_unless(context, request, put, search)
    return written(request, commit(context, witnessed(context, request, [put]))[0])


def _create_unless(context: Context, request: Request, put: Put, search: str) -> Answer:
    wanted = criteria(context, put.resource_type, search, "If-None-Exist")
    existing = matched(context, wanted)
    if existing is None:
        try:
            ops = witnessed(context, request, [put])
            return written(request, commit(context, ops, [absent(wanted)])[0])
        except Exists as found:  # somebody else created it in between
            existing = found.stored
    return _existing(request, existing)


def _existing(request: Request, stored: Stored) -> Answer:
    headers = headers_of(stored) | {"Location": location(request.base, stored)}
    return Answer(200, body_of(request, stored, "already there"), headers)
