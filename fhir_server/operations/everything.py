"""``Patient/$everything`` and ``Encounter/$everything``: a record, and what it refers to.

A page holds resources of the compartment, in the order of type and id, each with the resources
it refers to: who treated, where, for whom, with what. What belongs to another patient is never
followed. The page size is ``_count``, or else the largest there is; what does not fit is on the
next page, so nothing is cut off.

https://hl7.org/fhir/R4/patient-operation-everything.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import structs

from fhir_server import audit
from fhir_server.errors import BadRequest, Gone, NotFound
from fhir_server.interactions.request import Answer
from fhir_server.interactions.search import page_key
from fhir_server.operations.compartments import belonging, dated, members, planned
from fhir_server.operations.linked import follow, key_of, references
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.bundles import join, quoted
from fhir_server.search.cursor import seal_state, unseal_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.operations.linked import Key
    from fhir_server.search.plan import Filter
    from fhir_server.store.ops import Stored

AUDIT = "AuditEvent"
"""Who opened a record is no part of it, and grows by every look: only given where asked for."""

NOT_FOLLOWED = frozenset({"Group"})
"""Types that list patients by the dozen."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a call asks for; ``at`` is the last type and id of the page before."""

    start: str | None = None
    end: str | None = None
    since: str | None = None
    types: tuple[str, ...] = ()
    count: int | None = None
    at: tuple[str, str] | None = None

    def wants(self, stored: Stored) -> bool:
        """Say whether a resource of the record is given out."""
        if self.types and stored.resource_type not in self.types:
            return False
        return self.since is None or stored.moment >= datetime.fromisoformat(self.since)


@dataclass(slots=True)
class _Page:
    """What was found for one page; ``links`` is what all that was looked at refers to."""

    matches: list[Stored]
    seen: set[Key]
    links: set[Key]
    more: tuple[str, str] | None = None


def run(context: Context, call: Call) -> Answer:
    """Answer one page of the record as a searchset."""
    owner, identity = str(call.resource_type), call.resource_id
    asked = _asked(context, call)
    patients = _patients(context, owner, identity, call.request.base)
    page = _page(context, owner, identity, asked, call.request.base)
    supporting = follow(
        context,
        page.links,
        page.seen,
        call.request.base,
        narrow=lambda kind: _narrowed(context, kind, owner, identity, patients),
        goes_on=lambda stored: stored.resource_type not in _compartment(context),
    )
    _recorded(context, call, page, patients)
    matches = [*page.matches, *_provenance(context, page)]
    others = [structs.replace(each, mode="include") for each in supporting if asked.wants(each)]
    entries = _entries(call.request.base, [*matches, *others])
    return Answer(200, join("searchset", entries, links=_links(context, call, asked, page)))


def _recorded(context: Context, call: Call, page: _Page, patients: frozenset[str]) -> None:
    """Write down that these records were opened (SOP step B4)."""
    request, owner = call.request, str(call.resource_type)
    met = {each for kind, each in page.seen if kind == "Patient"}
    audit.opened(
        context,
        f"{owner}/{call.resource_id}" if call.resource_id else owner,
        sorted({*patients, *met}),
        by=f"{owner}/$everything",
        server=request.base,
        request=request.headers.get("x-request-id"),
    )


def _asked(context: Context, call: Call) -> _Asked:
    token = call.one("_page")
    if token is not None:
        fields: dict[str, Any] = unseal_state(token, _purpose(call), page_key(context))
        return _Asked(**fields | {"types": tuple(fields["types"]), "at": tuple(fields["at"])})
    types = [kind for given in call.all("_type") for kind in given.split(",") if kind]
    for kind in types:
        if kind not in context.definitions.types:
            raise BadRequest(f"_type: there is no resource type {kind!r}.")
    count = call.one("_count")
    if count is not None and count < 1:
        raise BadRequest(f"_count={count}: a page has at least one resource.")
    return _Asked(
        call.one("start"), call.one("end"), call.one("_since"), tuple(dict.fromkeys(types)), count
    )


def _patients(context: Context, owner: str, identity: str | None, base: str) -> frozenset[str]:
    """Give the patients of an encounter; the owner of the compartment must be there."""
    if identity is None:
        return frozenset()
    stored = context.store.read(owner, identity)
    if stored is None:
        raise NotFound(f"There is no {owner}/{identity}.")
    if stored.text is None:
        raise Gone(f"{owner}/{identity} was deleted; version {stored.version} is the deletion.")
    if owner == "Patient":
        return frozenset({identity})
    return frozenset(each for kind, each in references(stored.raw, base) if kind == "Patient")


def _page(context: Context, owner: str, identity: str | None, asked: _Asked, base: str) -> _Page:
    size = min(asked.count or context.settings.count_limit, context.settings.count_limit)
    page = _Page([], set(), set())
    kinds = [each for each in members(context, owner) if each != AUDIT]
    kinds += [AUDIT] if AUDIT in asked.types else []
    begun = kinds.index(asked.at[0]) if asked.at and asked.at[0] in kinds else 0
    for kind in kinds[begun:]:
        after = asked.at[1] if asked.at and asked.at[0] == kind else None
        for stored in _walk(context, (kind, owner, identity), asked, after):
            if len(page.matches) == size:
                page.more = _before(page)
                return page
            page.seen.add(key_of(stored))
            page.links.update(references(stored.raw, base))
            if asked.wants(stored):
                page.matches.append(stored)
    return page


def _before(page: _Page) -> tuple[str, str]:
    return key_of(page.matches[-1])


def _walk(
    context: Context, scope: tuple[str, str, str | None], asked: _Asked, after: str | None
) -> Iterator[Stored]:
    """Give the resources of one type, page after page, in the order of their ids."""
    kind, owner, identity = scope
    wanted = belonging(context, kind, owner, identity)
    limit = min(asked.count or context.settings.count_limit, context.settings.count_limit) + 1
    plan = planned(kind, wanted, dated(context, kind, asked.start, asked.end), limit=limit)
    plan = replace(plan, after=None if after is None else (after,))
    while True:
        found = context.store.search(plan)
        yield from found.resources
        if not found.more:
            return
        plan = replace(plan, after=found.last)


def _compartment(context: Context) -> frozenset[str]:
    rows = context.definitions.compartments["Patient"]
    return frozenset({"Patient", *(kind for kind, codes in rows.items() if codes)})


def _narrowed(
    context: Context, kind: str, owner: str, identity: str | None, patients: frozenset[str]
) -> Filter | None:
    """Say what of a type may be followed to.

    Nothing of another patient, and nothing of the record itself, which has its own place in it.
    """
    if kind not in _compartment(context):
        return {}
    if kind in NOT_FOLLOWED or kind == owner:
        return None
    if kind == "Patient":
        return {"_id": {"$in": sorted(patients)}}
    if owner == "Patient":
        return {"ix.patient": None}
    own = [None, *(f"Patient/{each}" for each in sorted(patients))]
    inside = belonging(context, kind, owner, identity)
    return {"ix.patient": {"$in": own}, "$nor": [inside]}


def _provenance(context: Context, page: _Page) -> list[Stored]:
    """Find who recorded what is on the page."""
    targets = [f"{kind}/{identity}" for kind, identity in map(key_of, page.matches)]
    if not targets or "Provenance" not in context.store.types():
        return []
    plan = planned(
        "Provenance", {"ix.target": {"$in": targets}}, limit=context.settings.count_limit
    )
    found: list[Stored] = []
    while True:
        rows = context.store.search(plan)
        found += [each for each in rows.resources if key_of(each) not in page.seen]
        if not rows.more:
            return [structs.replace(each, mode="include") for each in found]
        plan = replace(plan, after=rows.last)


def _entries(base: str, resources: list[Stored]) -> Iterator[bytes]:
    head = quoted(base)[:-1]
    given: set[Key] = set()
    for each in resources:
        if key_of(each) not in given:
            given.add(key_of(each))
            yield b'{"fullUrl":%s/%s/%s","resource":%s,"search":{"mode":"%s"}}' % (
                head,
                each.resource_type.encode(),
                each.id.encode(),
                each.raw,
                each.mode.encode(),
            )


def _links(context: Context, call: Call, asked: _Asked, page: _Page) -> Iterator[tuple[str, str]]:
    address = f"{call.request.base}/{call.request.path}"
    query = call.request.query
    yield "self", f"{address}?{query}" if query else address
    if page.more is not None:
        fields = {name: getattr(asked, name) for name in asked.__slots__} | {"at": page.more}
        yield "next", f"{address}?_page={seal_state(fields, _purpose(call), page_key(context))}"


def _purpose(call: Call) -> str:
    return f"{call.resource_type}/{call.resource_id or '*'} everything"


_RECORDED = Parameter("_since", "instant", says="Only what was changed at or after this instant.")
_TYPES = Parameter("_type", "string", maximum="*", says="Only these types, separated by commas.")
_COUNT = Parameter("_count", "integer", says="Resources of the record on a page.")
_PAGE = Parameter("_page", "string", says="The page of a next link.")
_RETURN = Parameter("return", "Bundle", use="out", minimum=1, says="A searchset.")

OPERATIONS = (
    Operation(
        name="everything",
        types=("Patient",),
        levels=frozenset({"type", "instance"}),
        says="The whole record of a patient, or of all patients, with what it refers to.",
        parameters=(
            Parameter("start", "date", says="Care given on or after this day, or undated."),
            Parameter("end", "date", says="Care given on or before this day, or undated."),
            _RECORDED,
            _TYPES,
            _COUNT,
            _PAGE,
            _RETURN,
        ),
        run=run,
    ),
    Operation(
        name="everything",
        types=("Encounter",),
        levels=frozenset({"instance"}),
        says="All that belongs to an encounter, with what it refers to.",
        parameters=(_RECORDED, _TYPES, _COUNT, _PAGE, _RETURN),
        run=run,
    ),
)
