"""``_explain=true``: instead of what a search finds, how the database finds it.

The answer is a Parameters resource: the shape of the search, the indexes that are used, whether
whole collections are read, and the index that would spare that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.interactions.request import Answer
from fhir_server.resources.wire import dump

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.search.plan import Plan


def explain(context: Context, plan: Plan) -> Answer:
    """Explain one page of a search."""
    said = context.store.explain(plan)
    given: list[dict[str, Any]] = [{"name": "shape", "valueString": said.shape}]
    given += [{"name": "index", "valueString": each} for each in said.indexes]
    given += [
        {"name": "scan", "valueBoolean": said.scans},
        {"name": "examined", "valueInteger": said.examined},
        {"name": "milliseconds", "valueInteger": said.milliseconds},
    ]
    if said.proposal:
        given.append({"name": "missing", "valueString": said.proposal})
    return Answer(200, dump({"resourceType": "Parameters", "parameter": given}))
