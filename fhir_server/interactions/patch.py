"""FHIR patch, by id or by criteria: read, change, validate, store if nobody else has meanwhile.

https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import orjson

from fhir_server.errors import (
    BadRequest,
    FhirError,
    Gone,
    Invalid,
    NotFound,
    PreconditionFailed,
    UnsupportedMediaType,
)
from fhir_server.interactions.answers import written
from fhir_server.interactions.conditional import Moved, criteria, matched, settled, unmoved
from fhir_server.interactions.preconditions import if_match
from fhir_server.interactions.provenance import witnessed
from fhir_server.interactions.write import checked, commit, put
from fhir_server.resources.patch import patched

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer, Request
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Condition, Stored, Written

JSON_PATCH = "application/json-patch+json"


def patch(context: Context, request: Request, resource_type: str, resource_id: str) -> Answer:
    """Change the current version; whoever changed it in between is not overwritten."""
    body, version = body_of(request), if_match(request.headers)

    def attempt() -> Written:
        stored = context.store.read(resource_type, resource_id)
        if stored is None:
            raise NotFound(f"There is no {resource_type}/{resource_id}.")
        if stored.text is None:
            raise Gone(f"{resource_type}/{resource_id} was deleted.")
        return _patched(context, request, stored, body, version)

    return written(request, settled(attempt))


def patch_conditional(context: Context, request: Request, resource_type: str) -> Answer:
    """Change the one match of the URL's criteria; 404 if nothing matches."""
    wanted = criteria(context, resource_type, request.query, "The URL")
    body, version = body_of(request), if_match(request.headers)

    def attempt() -> Written:
        stored = matched(context, wanted)
        if stored is None:
            raise NotFound(f"The URL: no {resource_type} matches the criteria.")
        return _patched(context, request, stored, body, version, unmoved(wanted, [stored]))

    return written(request, settled(attempt))


def _patched(
    context: Context,
    request: Request,
    stored: Stored,
    body: bytes,
    version: int | None,
    *conditions: Condition,
) -> Written:
    raw, document = result(context, stored, body, version)
    blind = version is None
    op = put(
        context, document, raw, stored.id, method="PATCH", if_match=stored.version, blind=blind
    )
    try:
        return commit(context, witnessed(context, request, [op]), conditions)[0]
    except PreconditionFailed as error:
        raise Moved from error


def result(
    context: Context, stored: Stored, body: bytes, version: int | None
) -> tuple[bytes, Document]:
    """Give what a patch makes of one version, validated; ``version`` is what If-Match asks."""
    if version not in (None, stored.version):
        raise PreconditionFailed(
            f"If-Match asks for version {version} of {stored.resource_type}/{stored.id}, but "
            f"version {stored.version} is current."
        )
    raw = patched(
        context.store.whole(stored).raw,
        body,
        context.settings.depth_limit,
        context.settings.patch_limit,
    )
    document = _judged(context, raw)
    if (document["resourceType"], document.get("id")) != (stored.resource_type, stored.id):
        raise BadRequest(
            "A patch cannot change the type or the id of a resource.",
            expression=f"{stored.resource_type}.id",
        )
    return raw, document


def _judged(context: Context, raw: bytes) -> Document:
    try:
        return checked(context, raw)
    except Invalid:
        raise
    except FhirError as error:  # what the patch made is no resource: not the request's syntax
        raise Invalid(error.issues) from error


def body_of(request: Request) -> bytes:
    """Give the patch of a request whose Content-Type says which kind it is."""
    body = request.body.lstrip()
    kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if not body:
        raise BadRequest("A PATCH needs a body: a JSON Patch, or a FHIRPath Patch as Parameters.")
    if kind == JSON_PATCH and body[:1] != b"[":
        raise BadRequest("A JSON Patch is an array of operations.")
    if kind == "application/fhir+json" and body[:1] != b"{":
        raise UnsupportedMediaType(f"A JSON Patch is sent as {JSON_PATCH}.")
    return body


def of_entry(resource: bytes) -> bytes:
    """Give the patch in a Bundle's entry: Parameters, or a JSON Patch as Binary."""
    document = orjson.loads(resource) if resource else {}
    match document.get("resourceType"):
        case "Parameters":
            return resource
        case "Binary" if document.get("contentType") == JSON_PATCH:
            return _data(document)
    raise BadRequest(
        f"A PATCH in a Bundle has Parameters, or a Binary whose contentType is {JSON_PATCH}.",
        expression=f"{document.get('resourceType', 'Binary')}.contentType",
    )


def _data(binary: Document) -> bytes:
    try:
        return base64.b64decode(binary["data"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise BadRequest(
            "The data of the Binary is not base64.", expression="Binary.data"
        ) from error
