"""``$reindex``: write the search index of what is stored anew, so that new parameters find it.

Done by the worker; the answer names the address that tells how far it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, Gone, NotFound
from fhir_server.jobs import status
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.wire import parse
from fhir_server.search.custom import bases

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call


def run(context: Context, call: Call) -> Answer:
    """Put a reindexing on the list of the worker."""
    types = _of_parameter(context, call.resource_id) if call.resource_id else call.all("type")
    for each in types:
        if each not in context.definitions.types:
            raise BadRequest(f"type={each}: there is no such resource type.")
    request = {"types": sorted(set(types))}
    job = context.store.jobs.open("reindex", request, context.principal.subject, call.request.base)
    return status.accepted(call.request, job)


def _of_parameter(context: Context, resource_id: str) -> list[str]:
    """Give the types that a stored SearchParameter is defined on."""
    stored = context.store.read("SearchParameter", resource_id)
    if stored is None:
        raise NotFound(f"There is no SearchParameter/{resource_id}.")
    if stored.text is None:
        raise Gone(f"SearchParameter/{resource_id} was deleted.")
    document: dict[str, Any] = parse(stored.raw)
    return sorted(bases(document, context.parameters))


OPERATIONS = (
    Operation(
        name="reindex",
        levels=frozenset({"system"}),
        says="Write the search index of all resources anew, or of some types.",
        affects_state=True,
        parameters=(
            Parameter("type", "code", maximum="*", says="A resource type; all if absent."),
        ),
        run=run,
    ),
    Operation(
        name="reindex",
        types=("SearchParameter",),
        levels=frozenset({"instance"}),
        says="Write the search index of the types that a search parameter is defined on.",
        affects_state=True,
        run=run,
    ),
)
