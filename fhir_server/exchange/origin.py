"""The Provenance of a SOP document: who wrote which of its resources, and when (FHIR_PROVENANCE).

https://hl7.org/fhir/R4/provenance.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.interactions.write import put
from fhir_server.resources.wire import dump

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.auth.principals import Principal
    from fhir_server.context import Context
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Put

HL7: Final = "http://terminology.hl7.org/CodeSystem"


def provenance(context: Context, puts: Sequence[Put]) -> list[Put]:
    """Say who writes the resources of a document; nothing of what stays as it is, or by setting.

    It says when they were *recorded*; that something *occurred* is for who saw it to say.
    """
    if not context.settings.provenance or not puts:
        return []
    activity = "CREATE" if puts[0].method == "POST" else "UPDATE"
    document = {
        "resourceType": "Provenance",
        "target": [{"reference": f"{each.resource_type}/{each.id}"} for each in puts],
        "recorded": context.clock().isoformat(timespec="milliseconds"),
        "activity": _concept("v3-DataOperation", activity),
        "agent": [_agent(context.principal)],
    }
    return [put(context, document, dump(document), context.new_id(), method="POST", tidy=True)]


def _agent(principal: Principal) -> Document:
    agent: dict[str, Any] = {
        "type": _concept("provenance-participant-type", "author"),
        "who": _who(principal),
    }
    if principal.organization:
        agent["onBehalfOf"] = {"reference": principal.organization}
    return agent


def _who(principal: Principal) -> Document:
    if principal.person:
        return {"reference": principal.person}
    return {"identifier": {"value": principal.subject}}


def _concept(system: str, code: str) -> Document:
    return {"coding": [{"system": f"{HL7}/{system}", "code": code}]}
