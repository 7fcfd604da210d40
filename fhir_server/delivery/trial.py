"""What would be sent for a resource now, and what keeps it from being sent. Nothing is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from fhir_server.delivery.target import Nothing, Refused, Resource
from fhir_server.delivery.view import Seen

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.delivery.target import Reference, Rendered, Target, Wait
    from fhir_server.store.progress import Dispatch


@dataclass(frozen=True, slots=True)
class Trial:
    """``missing``: what has not arrived at the target, with its state there if it has one."""

    rendered: Rendered | Nothing | Refused | Wait
    missing: tuple[tuple[Reference, Dispatch | None], ...] = ()


def trial(context: Context, target: Target, reference: Reference) -> Trial:
    """Render the current version of a resource, with placeholders for what is not there yet."""
    view = Seen(context, target.name, dry=True)
    stored = view.context.store.read(*reference.split("/", 1))
    if stored is None:
        return Trial(Nothing(f"There is no {reference} here."))
    raw = None if stored.text is None else stored.raw
    document = None if raw is None else orjson.loads(raw)
    resource = Resource(
        stored.resource_type, stored.id, stored.version, stored.moment, document, raw
    )
    if document is None:
        return Trial(target.render(resource, view))
    if not target.wants(document):
        return Trial(Nothing(f"{target.name} does not want it."))
    needs = target.needs(resource, view)
    if isinstance(needs, Nothing | Refused):
        return Trial(needs)
    states = view.states(needs)
    missing = tuple(
        (each, states.get(each)) for each in needs if each not in states or not states[each].parts
    )
    return Trial(target.render(resource, view), missing)
