"""FHIR update, which also creates where nothing was; by id or by criteria.

https://hl7.org/fhir/R4/http.html#update and https://hl7.org/fhir/R4/http.html#cond-update
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from fhir_server.errors import BadRequest
from fhir_server.interactions.answers import written
from fhir_server.interactions.conditional import criteria, matched, settled, unmoved
from fhir_server.interactions.preconditions import if_match
from fhir_server.interactions.provenance import witnessed
from fhir_server.interactions.write import checked, commit, expect, prepare, put

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer, Request
    from fhir_server.store.ops import Stored, Written


def update(context: Context, request: Request, resource_type: str, resource_id: str) -> Answer:
    """Store a new version under the id of the URL; with If-Match only upon that version."""
    op = prepare(
        context,
        request.body,
        resource_id,
        resource_type=resource_type,
        if_match=if_match(request.headers),
    )
    return written(request, commit(context, witnessed(context, request, [op]))[0])


def update_conditional(context: Context, request: Request, resource_type: str) -> Answer:
    """Store a new version of the one match of the URL's criteria, or create if there is none."""
    wanted = criteria(context, resource_type, request.query, "The URL")
    document = checked(context, request.body)
    expect(document, resource_type, None)
    given, version = document.get("id"), if_match(request.headers)

    def attempt() -> Written:
        match = matched(context, wanted)
        target = target_of(context, resource_type, match, given)
        blind = version is None
        op = put(
            context, document, request.body, target, method="PUT", if_match=version, blind=blind
        )
        op = structs.replace(op, existing=match is not None)
        seen = [match] if match else []
        return commit(context, witnessed(context, request, [op]), [unmoved(wanted, seen)])[0]

    return written(request, settled(attempt))


def target_of(context: Context, resource_type: str, match: Stored | None, given: str | None) -> str:
    """Choose the id that a conditional update writes to; ``given`` is the one in the body."""
    if match is None:
        if given:
            context.store.expect_free(resource_type, given)
        return given or context.new_id()
    if given not in (None, match.id):
        raise BadRequest(
            f"The criteria match another {match.resource_type} than the one whose id is in the "
            "body; leave the id out, or send the update to the id.",
            expression=f"{match.resource_type}.id",
        )
    return match.id
