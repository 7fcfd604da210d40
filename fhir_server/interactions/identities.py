"""Who is who in a transaction: what each entry writes, and where its references will point.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported, PreconditionFailed
from fhir_server.interactions.conditional import Criteria, criteria, only, without
from fhir_server.interactions.entries import placed
from fhir_server.interactions.matching import is_match
from fhir_server.resources.references import conditional
from fhir_server.search.index import index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.interactions.entries import Step
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Stored


@dataclass(slots=True)
class Work:
    """One entry on its way: what it asks for, and what is known of it so far.

    ``as_kept`` is what criteria are held against, made when the first are.
    """

    step: Step
    document: Document | None
    resource_type: str = ""
    resource_id: str = ""
    if_match: int | None = None
    wanted: Criteria | None = None
    existing: Stored | None = None
    as_kept: dict[str, Any] | None = None

    @property
    def interaction(self) -> str:
        """Name the interaction."""
        return self.step.interaction

    @property
    def identity(self) -> str:
        """Say where the resource is: the one that is there already, or the one to be."""
        return f"{self.resource_type}/{self.existing.id if self.existing else self.resource_id}"


def resolve(context: Context, works: list[Work]) -> dict[str, str]:
    """Settle ifNoneExist, then map every fullUrl and conditional reference to ``Type/id``."""
    writes = [work for work in works if work.resource_type]
    gone = frozenset(work.identity for work in writes if work.interaction == "delete")
    searches = _conditional_references(context, writes)
    wanted = [*(work.wanted for work in writes if work.wanted), *searches.values()]
    found = _matches(context, wanted, gone)
    for work in writes:
        if work.wanted:
            with placed(work.step.place):
                work.existing = only(work.wanted, next(found))
    _refuse_overlap(writes)
    targets = _full_urls(writes)
    for search, each in searches.items():
        targets[search] = _target(context, search, each, next(found), writes)
    return targets


def _matches(
    context: Context, wanted: list[Criteria], gone: frozenset[str]
) -> Iterator[list[Stored]]:
    """Find the matches of each, without those that this transaction deletes."""
    if wanted:
        plans = [without(each, gone) for each in wanted]
        for found in context.store.search_many(plans):
            yield [s for s in found.resources if f"{s.resource_type}/{s.id}" not in gone]


def _conditional_references(context: Context, writes: list[Work]) -> dict[str, Criteria]:
    searches: dict[str, Criteria] = {}
    for work in writes:
        for search in conditional(work.step.request.body):
            if search not in searches:
                resource_type = search.partition("?")[0]
                with placed(work.step.place):
                    searches[search] = criteria(context, resource_type, search, "Reference")
    return searches


def _refuse_overlap(writes: list[Work]) -> None:
    """Refuse two entries about one resource, or two under one fullUrl or ifNoneExist."""
    seen: dict[str, int] = {}
    for work in writes:
        place = work.step.place
        for key in _keys(work):
            first = seen.setdefault(key, place)
            if first != place:
                raise BadRequest(
                    f"Entries {first} and {place} of the transaction are about the same {key}; "
                    "each resource may be in it once.",
                    expression=f"Bundle.entry[{place}]",
                )


def _keys(work: Work) -> list[str]:
    keys = [work.identity]
    if work.step.entry.full_url is not None:
        keys.append(f"fullUrl {work.step.entry.full_url}")
    if work.wanted is not None:
        keys.append(f"ifNoneExist {work.wanted.spelling}")
    return keys


def _full_urls(writes: list[Work]) -> dict[str, str]:
    return {
        work.step.entry.full_url: work.identity
        for work in writes
        if work.step.entry.full_url is not None and work.interaction != "delete"
    }


def _target(
    context: Context, search: str, wanted: Criteria, found: list[Stored], writes: list[Work]
) -> str:
    """Find the one resource a conditional reference names, stored or in this transaction."""
    own = [each for each in writes if each.interaction != "delete" and not each.existing]
    targets = {f"{wanted.resource_type}/{stored.id}" for stored in found}
    targets -= {work.identity for work in own}
    for work in own:
        if work.resource_type == wanted.resource_type and _will_match(context, wanted, work):
            targets.add(work.identity)
    if len(targets) == 1:
        return targets.pop()
    place = next(w.step.place for w in writes if search in conditional(w.step.request.body))
    many = "more than one" if targets else "no"
    raise PreconditionFailed(
        f"The conditional reference to {wanted.resource_type} matches {many} resource; "
        "it must match exactly one.",
        expression=f"Bundle.entry[{place}].resource",
    )


def _will_match(context: Context, wanted: Criteria, work: Work) -> bool:
    if wanted.plan.joins:
        raise NotSupported(
            f"{wanted.source}: a chain cannot name a resource of a type that the same transaction "
            "writes; use the fullUrl of its entry."
        )
    if work.as_kept is None:
        document = (work.document or {}) | {"id": work.resource_id}
        work.as_kept = {"_id": work.resource_id, "ix": index(document, context.parameters)}
    return is_match(wanted.plan.filter, work.as_kept)
