"""Who is who in a transaction: what each entry writes, and where its references will point.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import BadRequest, NotSupported, PreconditionFailed
from fhir_server.interactions.conditional import Criteria, criteria, without
from fhir_server.interactions.entries import placed
from fhir_server.resources.references import conditional
from fhir_server.search.index import index
from fhir_server.search.matching import is_match

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fhir_server.context import Context
    from fhir_server.interactions.works import Work
    from fhir_server.search.plan import Plan
    from fhir_server.store.ops import Stored


def resolve(context: Context, writes: list[Work]) -> dict[str, str]:
    """Settle what criteria match, then map every fullUrl and conditional reference to its target.

    Deletions come first, as R4 says: what they delete matches nothing any more.
    """
    _settle(context, [work for work in writes if work.kind == "delete" and work.wanted])
    gone = gone_by(writes)
    others = [work for work in writes if work.kind != "delete"]
    searches = _conditional_references(context, (w for w in others if w.kind != "patch"))
    matches = _settle(context, [work for work in others if work.asks], searches.values(), gone)
    patches = _conditional_references(context, (w for w in others if w.kind == "patch"), searches)
    matches += _settle(context, [], patches.values(), gone)
    searches |= patches
    _refuse_overlap(writes)
    targets = _full_urls(others)
    for (search, each), found in zip(searches.items(), matches, strict=True):
        targets[search] = _target(context, search, each, found, others)
    return targets


def gone_by(writes: Iterable[Work]) -> frozenset[str]:
    """Name what the deletions among them delete."""
    return frozenset(each for work in writes if work.kind == "delete" for each in work.identities)


def _settle(
    context: Context,
    works: list[Work],
    searches: Iterable[Criteria] = (),
    gone: frozenset[str] = frozenset(),
) -> list[list[Stored]]:
    """Tell each work what it asks for, all in one; give the matches of the searches."""
    plans = [work.plan(gone) for work in works] + [without(each, gone) for each in searches]
    found = _found(context, plans, gone)
    for work in works:
        with placed(work.step.place):
            work.settle(context, next(found))
    return list(found)


def _found(context: Context, plans: list[Plan], gone: frozenset[str]) -> Iterator[list[Stored]]:
    if plans:
        for found in context.store.search_many(plans):
            yield [s for s in found.resources if f"{s.resource_type}/{s.id}" not in gone]


def _conditional_references(
    context: Context, works: Iterable[Work], known: Iterable[str] = ()
) -> dict[str, Criteria]:
    searches: dict[str, Criteria] = {}
    for work in works:
        for search in conditional(work.raw):
            if search not in searches and search not in known:
                resource_type = search.partition("?")[0]
                with placed(work.step.place):
                    searches[search] = criteria(context, resource_type, search, "Reference")
    return searches


def _refuse_overlap(writes: list[Work]) -> None:
    """Refuse two entries about one resource, or two with one fullUrl or the same criteria."""
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
    keys = list(work.identities)
    if work.step.entry.full_url is not None:
        keys.append(f"fullUrl {work.step.entry.full_url}")
    if work.wanted is not None and work.kind != "delete":
        keys.append(f"criteria {work.resource_type}?{work.wanted.spelling}")
    return keys


def _full_urls(writes: list[Work]) -> dict[str, str]:
    return {
        work.step.entry.full_url: work.identities[0]
        for work in writes
        if work.step.entry.full_url is not None
    }


def _target(
    context: Context, search: str, wanted: Criteria, found: list[Stored], writes: list[Work]
) -> str:
    """Find the one resource a conditional reference names, stored or in this transaction."""
    own = [each for each in writes if each.existing is None]
    targets = {f"{wanted.resource_type}/{stored.id}" for stored in found}
    targets.difference_update(*(work.identities for work in own))
    for work in own:
        if work.resource_type == wanted.resource_type and _will_match(context, wanted, work):
            targets.update(work.identities)
    if len(targets) == 1:
        return targets.pop()
    place = next(w.step.place for w in writes if search in conditional(w.raw))
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
