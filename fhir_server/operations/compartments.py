"""What belongs to a patient or an encounter, as filters of the store.

https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.search.compartment import fields
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.plan import Plan
from fhir_server.search.query import parse

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.search.plan import Filter

NOTHING: Filter = {"_id": {"$in": []}}
_NOT_CARE = frozenset({"_lastUpdated", "birthdate", "death-date"})
"""Dates that say nothing of when care was given."""


def members(context: Context, owner: str) -> list[str]:
    """Name the types that have resources and can belong to a compartment, its owner first."""
    rows = context.definitions.compartments[owner]
    known = {kind for kind, codes in rows.items() if codes} - {owner}
    return [owner, *sorted(known.intersection(context.store.types()))]


def belonging(context: Context, resource_type: str, owner: str, identity: str | None) -> Filter:
    """Give what belongs to one compartment, or without ``identity`` to any of that kind."""
    value: Any = {"$regex": f"^{owner}/"} if identity is None else f"{owner}/{identity}"
    if resource_type == owner and identity is None:
        return {}
    rows, known = context.parameters.compartments, context.parameters.of(resource_type)
    ways = [{each.path: value} for each in fields(rows, resource_type, owner, known)]
    if resource_type == owner:
        ways.append({"_id": identity})
    if not ways:
        return NOTHING
    return ways[0] if len(ways) == 1 else {"$or": ways}


def dated(context: Context, resource_type: str, start: str | None, end: str | None) -> Filter:
    """Give what has a date of care in a range, or none at all: what is undated is never lost."""
    names = [
        name
        for name, each in context.parameters.of(resource_type).items()
        if each.type == "date" and name not in _NOT_CARE and not each.refused
    ]
    if not names or (start is None and end is None):
        return {}
    limits = [(prefix, day) for prefix, day in (("ge", start), ("le", end)) if day is not None]
    ranges = [
        _compiled(context, resource_type, [(name, f"{p}{day}") for p, day in limits])
        for name in names
    ]
    undated = _compiled(context, resource_type, [(f"{name}:missing", "true") for name in names])
    return {"$or": [*ranges, undated]}


def _compiled(context: Context, resource_type: str, pairs: list[tuple[str, str]]) -> Filter:
    query = parse(resource_type, pairs, context.parameters, strict=True)
    return compile_query(query, context.parameters, context.settings).filter


def planned(resource_type: str, *filters: Filter, limit: int) -> Plan:
    """Make the plan of what meets all of the filters, in the order of ids."""
    wanted = [each for each in filters if each]
    if len(wanted) > 1:
        return Plan(resource_type, {"$and": wanted}, limit=limit)
    return Plan(resource_type, wanted[0] if wanted else {}, limit=limit)
