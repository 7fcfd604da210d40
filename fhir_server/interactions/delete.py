"""FHIR delete, by id or by criteria. The history stays.

https://hl7.org/fhir/R4/http.html#delete and https://hl7.org/fhir/R4/http.html#3.1.0.7.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import Issue
from fhir_server.interactions.answers import etag, preferences
from fhir_server.interactions.conditional import allowed, criteria, settled, unmoved
from fhir_server.interactions.outcome import outcome
from fhir_server.interactions.preconditions import if_match
from fhir_server.interactions.provenance import witnessed
from fhir_server.interactions.request import Answer
from fhir_server.interactions.write import commit
from fhir_server.resources.wire import dump
from fhir_server.store.ops import Delete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.config import Settings
    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.store.ops import Written


def delete(context: Context, request: Request, resource_type: str, resource_id: str) -> Answer:
    """Delete; what is not there is as good as deleted."""
    op = Delete(resource_type, resource_id, if_match(request.headers))
    done = commit(context, witnessed(context, request, [op]))[:1]
    return _answer(request, f"{resource_type}/{resource_id} is deleted.", done)


def delete_conditional(context: Context, request: Request, resource_type: str) -> Answer:
    """Delete what the URL's criteria match; several only as far as the settings allow."""
    most = most_deleted(context.settings)
    wanted = criteria(context, resource_type, request.query, "The URL", most)
    version = if_match(request.headers)

    def attempt() -> list[Written]:
        found = allowed(wanted, context.store.search(wanted.plan).resources)
        ops = [Delete(resource_type, each.id, version) for each in found]
        if not ops:
            return []
        every = witnessed(context, request, ops)
        return commit(context, every, [unmoved(wanted, found)])[: len(ops)]

    done = settled(attempt)
    return _answer(request, f"Deleted: {len(done)} {resource_type}.", done)


def most_deleted(settings: Settings) -> int:
    """Say how many resources one conditional delete may delete."""
    return settings.conditional_delete_limit if settings.conditional_delete == "multiple" else 1


def _answer(request: Request, says: str, done: Sequence[Written]) -> Answer:
    version = done[0].stored.version if len(done) == 1 else 0
    headers = {"ETag": etag(version)} if version else {}
    if preferences(request.headers).get("return") != "OperationOutcome":
        return Answer(204, b"", headers)
    said = outcome([Issue("informational", says, severity="information")])
    return Answer(200, dump(said), headers)
