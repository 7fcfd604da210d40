"""Delivering again what a patient's record holds of a day, whether or not it was told of before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from fhir_server.delivery.view import Seen
from fhir_server.interactions.matches import matches
from fhir_server.store.progress import STATES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from fhir_server.context import Context
    from fhir_server.delivery.target import Target
    from fhir_server.store.ops import Stored


def replayed(context: Context, target: Target, patient: str, day: date) -> int:
    """Deliver the visits of a day with all that names them, and what was written on that day."""
    context = Seen(context, target.name).context
    found = {
        (each.resource_type, each.id): each
        for each in _of_day(context, patient, day)
        if target.wants(orjson.loads(each.raw))
    }
    versions = [(*key, each.version, each.moment) for key, each in found.items()]
    context.store.dispatches.enqueue(target.name, versions)
    references = [f"{kind}/{name}" for kind, name in found]
    if references:
        context.store.dispatches.retry(
            target.name, states=STATES, references=references, resend=True
        )
    return len(found)


def _of_day(context: Context, patient: str, day: date) -> Iterator[Stored]:
    yield from matches(context, "Patient", [("_id", patient.partition("/")[2])])
    visits = matches(context, "Encounter", [("patient", patient), ("date", day.isoformat())])
    yield from visits
    named = ",".join(f"Encounter/{each.id}" for each in visits)
    for kind in context.store.types():
        if named and context.parameters.has(kind, "encounter"):
            yield from matches(context, kind, [("encounter", named)])
        if context.parameters.has(kind, "patient"):
            pairs = [("patient", patient), ("_lastUpdated", day.isoformat())]
            yield from matches(context, kind, pairs)
