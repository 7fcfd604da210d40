"""Part of a resource for who may not have all of it: what is shown, and what may be asked.

Who sees a name and no number may not search by the number either: what a search finds says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from fhir_server.errors import Forbidden
from fhir_server.resources.subsets import narrow
from fhir_server.resources.wire import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fhir_server.access.reach import Part
    from fhir_server.resources.definitions import Definitions
    from fhir_server.search.plan import Join, Plan
    from fhir_server.store.ops import Stored

_ALWAYS = frozenset({"_id", "v", "t", "k", "by"})
_LOGIC = frozenset({"$and", "$or", "$nor"})


def shown(stored: Stored, part: Part, definitions: Definitions) -> Stored:
    """Give a version with the elements of its part, tagged SUBSETTED; no time of a birth."""
    if stored.text is None:
        return stored
    raw = narrow(stored.raw, definitions, part.elements, None, bare=True)
    return structs.replace(stored, text=text(raw, stored.id))


def expect(part: Part, resource_type: str, fields: Iterable[str]) -> None:
    """Refuse what asks for more than the part says."""
    for each in fields:
        if each not in _ALWAYS and _name(each) not in part.fields:
            raise Forbidden(f"{resource_type} cannot be searched by {_name(each)} in your reach.")


def asked(plan: Plan | Join) -> Iterator[str]:
    """List the fields of its own type that a plan or a join looks at."""
    yield from _of_filter(plan.filter)
    for each in plan.joins:
        for way in (each, *each.others):
            if way.forward:
                yield way.field
    for key in getattr(plan, "sort", ()):
        yield from (key.field, *key.others)
    if not getattr(plan, "forward", True):
        yield plan.field  # type: ignore[union-attr]


def _of_filter(wanted: Any) -> Iterator[str]:
    for name, value in wanted.items():
        if name in _LOGIC:
            for each in value:
                yield from _of_filter(each)
        else:
            yield name


def _name(field: str) -> str:
    """Give the parameter of a field: ``ix.name:exact.l`` is of ``name``."""
    return field.removeprefix("ix.").partition(".")[0].partition(":")[0]
