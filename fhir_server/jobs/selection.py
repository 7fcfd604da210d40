"""Which resources an export holds: for each type a filter over the index, and the same in Python.

A version that is no longer current has no index in the database; it is made again from its text.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html#query-parameters
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.resources.wire import parse as parse_resource
from fhir_server.search.compile import both, criterion, either
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.criteria import Criterion
from fhir_server.search.index import index
from fhir_server.search.matching import is_match
from fhir_server.search.query import parse
from fhir_server.store.snapshot import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from fhir_server.context import Context
    from fhir_server.search.plan import Filter
    from fhir_server.store.ops import Stored

Pair = tuple[str, str]

PATIENT = "Patient"
ANY_PATIENT = {"$regex": "^Patient/"}


@dataclass(frozen=True, slots=True)
class Selection:
    """What to take of one type."""

    context: Context
    resource_type: str
    moment: datetime
    since: datetime | None
    filter: Filter
    elements: tuple[str, ...]

    @property
    def wanted(self) -> Wanted:
        """Say it as the store asks it."""
        return Wanted(self.resource_type, self.moment, self.since, self.filter, self.accepts)

    def accepts(self, stored: Stored) -> bool:
        """Hold an earlier version against the filter."""
        if not self.filter:
            return True
        document = parse_resource(stored.raw, self.context.settings.depth_limit)
        ix = index(document, self.context.parameters)
        return is_match(self.filter, {"_id": stored.id, "t": stored.moment, "ix": ix})


def selections(context: Context, asked: dict[str, Any], moment: datetime) -> list[Selection]:
    """Read what a job asks (see ``kickoff``) into one Selection for each type, in their order."""
    since = asked["since"]
    return [
        Selection(
            context,
            kind,
            moment,
            since,
            _filter(context, asked, kind),
            elements_of(asked["elements"], kind),
        )
        for kind in asked["types"]
    ]


def elements_of(named: Iterable[str], resource_type: str) -> tuple[str, ...]:
    """Give the elements that are named for a type, or for every type."""
    found = []
    for name in named:
        owner, dot, element = name.rpartition(".")
        if not dot or owner == resource_type:
            found.append(element)
    return tuple(found)


def _filter(context: Context, asked: dict[str, Any], kind: str) -> Filter:
    filters = []
    if asked["compartment"]:
        filters.append(in_compartment(context, kind, asked["patients"]))
    queries = [each["pairs"] for each in asked["filters"] if each["type"] == kind]
    if queries:
        filters.append(either([compiled(context, kind, each) for each in queries]))
    return both([each for each in filters if each])


def in_compartment(context: Context, kind: str, patients: Sequence[str] | None) -> Filter:
    """Select what belongs to these patients, or to any."""
    parameters = context.parameters
    codes = parameters.compartments[PATIENT].get(kind, ())
    known = parameters.of(kind)
    linked = [known[each] for each in codes if each in known and not known[each].refused]
    if patients is None:
        if kind == PATIENT:
            return {}
        return {"$or": [{field.path: ANY_PATIENT} for each in linked for field in each.fields]}
    references = tuple(f"{PATIENT}/{each}" for each in patients)
    filters = [criterion(Criterion(each, None, references), parameters.place) for each in linked]
    if kind == PATIENT:
        filters.append({"_id": {"$in": list(patients)}})
    return either(filters)


def compiled(context: Context, kind: str, pairs: Iterable[Sequence[str]]) -> Filter:
    """Compile a _typeFilter; raises BadRequest for what is no criterion over the type alone."""
    given = [(name, value) for name, value in pairs]
    query = parse(kind, given, context.parameters, strict=True)
    plan = compile_query(query, context.parameters, context.settings)
    if plan.joins:
        raise NotSupported(f"_typeFilter of {kind}: chains and _has are not supported there.")
    if query.sort or query.includes or query.summary or query.elements or query.count is not None:
        raise BadRequest(
            f"_typeFilter of {kind}: only criteria can stand there, such as status=final; not "
            "_sort, _include, _revinclude, _summary, _elements or _count."
        )
    return plan.filter


def patient_types(context: Context) -> frozenset[str]:
    """Give the types of which something may belong to a patient."""
    rows = context.parameters.compartments[PATIENT]
    return frozenset({PATIENT, *(kind for kind, codes in rows.items() if codes)})
