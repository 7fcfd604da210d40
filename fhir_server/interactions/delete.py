"""FHIR delete. The history stays.

https://hl7.org/fhir/R4/http.html#delete
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import Issue
from fhir_server.interactions.answers import etag, preferences
from fhir_server.interactions.outcome import outcome
from fhir_server.interactions.preconditions import if_match
from fhir_server.interactions.request import Answer
from fhir_server.interactions.write import commit
from fhir_server.resources.wire import dump
from fhir_server.store.ops import Delete

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Request


def delete(context: Context, request: Request, resource_type: str, resource_id: str) -> Answer:
    """Delete; what is not there is as good as deleted."""
    op = Delete(resource_type, resource_id, if_match(request.headers))
    stored = commit(context, [op])[0].stored
    headers = {"ETag": etag(stored.version)} if stored.version else {}
    if preferences(request.headers).get("return") != "OperationOutcome":
        return Answer(204, b"", headers)
    says = f"{resource_type}/{resource_id} is deleted."
    done = outcome([Issue("informational", says, severity="information")])
    return Answer(200, dump(done), headers)
