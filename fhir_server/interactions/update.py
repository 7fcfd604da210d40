"""FHIR update, which also creates where nothing was.

https://hl7.org/fhir/R4/http.html#update
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.interactions.answers import written
from fhir_server.interactions.preconditions import if_match
from fhir_server.interactions.write import commit, prepare

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer, Request


def update(context: Context, request: Request, resource_type: str, resource_id: str) -> Answer:
    """Store a new version under the id of the URL; with If-Match only upon that version."""
    put = prepare(
        context,
        request.body,
        resource_id,
        resource_type=resource_type,
        if_match=if_match(request.headers),
    )
    return written(request, commit(context, [put])[0])
