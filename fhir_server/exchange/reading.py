"""Read a SOP document from the resources it became, as they stand now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, Gone, NotFound
from fhir_server.interactions.reader import found, inward
from fhir_server.mappings import PRIMARY, load_mappings
from fhir_server.mappings.codes import code_system, criterion
from fhir_server.mappings.criteria import fits
from fhir_server.mappings.trace import Element, trace
from fhir_server.search import cursor
from fhir_server.search.compile import compile as compiled
from fhir_server.search.plan import Plan
from fhir_server.search.query import parse as asked
from fhir_server.sop import entitas
from fhir_server.sop.dokumen import Teguran, isi

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Mapping as Table
    from datetime import datetime

    from fhir_server.context import Context
    from fhir_server.mappings import Mapping
    from fhir_server.resources.wire import Document
    from fhir_server.search.query import Query
    from fhir_server.store.ops import Stored

ASAL_DATA = code_system("asal-data")
Gathered = dict[str, "Stored"]
_NOTHING: Table[str, Stored] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Standing:
    """A document as its resources say it: by role, the JSON and the version of each."""

    entity: str
    id: str
    resources: Table[str, Document]
    versions: Table[str, int]
    fields: dict[str, Any]
    moment: datetime
    born: datetime

    @property
    def version(self) -> int:
        """The version of the primary resource."""
        return self.versions[PRIMARY]

    @property
    def etag(self) -> str:
        """One tag for all its resources: a change to any of them is a change to the document."""
        return 'W/"{}"'.format(".".join(str(self.versions[role]) for role in self.versions))


@dataclass(frozen=True, slots=True)
class Presented:
    """A document as the SOP API answers it."""

    entity: str
    id: str
    reference: str
    version: int
    etag: str
    document: dict[str, Any]
    warnings: tuple[Teguran, ...] = ()
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; ``after`` asks for the next one."""

    documents: tuple[Presented, ...]
    after: str | None
    total: int | None


def present(
    context: Context, entity: str, document_id: str, *, version: int | None = None
) -> Presented:
    """Give a document; with ``version``, as that version of all its resources said it."""
    return _presented(standing(context, entity, document_id, version=version))


def standing(
    context: Context, entity: str, document_id: str, *, version: int | None = None
) -> Standing:
    """Read a document's resources; NotFound or Gone if its primary one is not there."""
    mapping = load_mappings()[entity]
    if mapping.gather and version is None:
        primary, gathered = _gathered_one(context, mapping, document_id)
    else:
        primary = _read(context, f"{mapping.resource_type}/{document_id}", version)
        gathered = {}
    if primary is None or primary.version == 0:
        raise NotFound(f"Tidak ada {entity} dengan id {document_id}.")
    if primary.text is None:
        raise Gone(f"{entity} {document_id} sudah dihapus.")
    if mapping.criteria and not fits(inward(context, primary), mapping.criteria):
        raise NotFound(f"Tidak ada {entity} dengan id {document_id}.")
    return _stand(context, entity, [(primary, gathered)], version)[0]


def of_written(
    context: Context, entity: str, document_id: str, written: Iterable[Stored]
) -> Presented:
    """Give a document as it was just written; what it has beyond that is read."""
    mapping = load_mappings()[entity]
    there = {_name(each): each for each in written}
    primary = there.get(f"{mapping.resource_type}/{document_id}")
    if primary is None or mapping.gather:
        return present(context, entity, document_id)
    return _presented(_stand(context, entity, [(primary, {})], None, there)[0])


def listing(
    context: Context,
    entity: str,
    filters: Table[str, str],
    *,
    count: int | None = None,
    after: str | None = None,
) -> Page:
    """Give a page of documents: a FHIR search underneath."""
    mapping = load_mappings()[entity]
    key = cursor.key(context.settings.page_key or context.store.secret("page"))
    if after is None:
        query = _query(context, mapping, filters, count)
    else:
        query = cursor.unseal(after, mapping.resource_type, key, context.parameters)
    result = context.store.search(compiled(query, context.parameters, context.settings))
    primaries = [each for each in result.resources if each.mode == "match"]
    included = {_name(each): each for each in result.resources if each.mode == "include"}
    documents = _stand(context, entity, [(each, included) for each in primaries], None)
    more = cursor.seal(query, result.last, key) if result.more and result.last else None
    return Page(tuple(_presented(each) for each in documents), more, result.total)


def shown(context: Context, entity: str, primaries: Sequence[Stored]) -> list[Presented]:
    """Give documents by their primary resources, in the order given."""
    standings = _stand(context, entity, [(each, {}) for each in primaries], None)
    return [_presented(each) for each in standings]


def traced(context: Context, entity: str, document_id: str) -> list[tuple[str, Element]]:
    """Say for every element of a document's resources, as they stand, where it comes from."""
    stands = standing(context, entity, document_id)
    mapping = load_mappings()[entity]
    known = {name: value for name, value in stands.fields.items() if value is not None}
    try:
        document = entitas()[entity].dokumen(**known)
    except TypeError as error:
        raise NotFound(
            f"{entity} {document_id} ditulis lewat FHIR dan tidak memuat semua bidang SOP, "
            "sehingga tidak ada jejaknya."
        ) from error
    names = {
        role: f"{each['resourceType']}/{each['id']}" for role, each in stands.resources.items()
    }
    elements = trace(mapping, document, document_id)
    return [(names[each.role], each) for each in elements if each.role in names]


def _query(
    context: Context, mapping: Mapping, filters: Table[str, str], count: int | None
) -> Query:
    pairs = [*mapping.criteria, *mapping.gather, ("_sort", mapping.sort)]
    for name, value in filters.items():
        if name not in mapping.filters:
            raise BadRequest(f"{name}: bukan saringan; yang ada: {', '.join(mapping.filters)}.")
        asks = mapping.filters[name]
        parameter, _, pattern = (asks if isinstance(asks, str) else asks(value)).partition("=")
        pairs.append((parameter, (pattern or "{}").replace("{}", value)))
    if count is not None:
        pairs.append(("_count", str(count)))
    rebased = [(name, criterion(value, context.settings.canonical)) for name, value in pairs]
    return asked(mapping.resource_type, rebased, context.parameters, strict=True)


def _gathered_one(
    context: Context, mapping: Mapping, document_id: str
) -> tuple[Stored | None, Gathered]:
    pairs = [("_id", document_id), *mapping.gather]
    resources = found(context, mapping.resource_type, pairs)
    primary = next((each for each in resources if each.mode == "match"), None)
    if primary is None:
        return context.store.read(mapping.resource_type, document_id), {}
    return primary, {_name(each): each for each in resources if each is not primary}


def _stand(
    context: Context,
    entity: str,
    primaries: Sequence[tuple[Stored, Gathered]],
    version: int | None,
    known: Table[str, Stored] = _NOTHING,
) -> list[Standing]:
    """Read the other roles of several documents: one search per resource type.

    What is ``known`` is not read again.
    """
    mapping = load_mappings()[entity]
    seen = []
    for primary, gathered in primaries:
        document = inward(context, primary)
        others = {name: inward(context, each) for name, each in gathered.items()}
        seen.append((primary, document, gathered, mapping.parts(document, others)))
    wanted = {
        name for _, _, gathered, parts in seen for name in parts.values() if name not in gathered
    }
    fetched = {**known, **_fetch(context, wanted - known.keys(), version)}
    born = _born(context, mapping.resource_type, [primary for primary, *_ in seen])
    result = []
    for primary, document, gathered, parts in seen:
        stored = {PRIMARY: primary}
        for role, name in parts.items():
            if (part := gathered.get(name) or fetched.get(name)) is not None:
                stored[role] = part
        extra = {n: e for n, e in gathered.items() if mapping.gather and n not in parts.values()}
        one = _standing(context, entity, document, stored, extra)
        result.append(replace(one, born=born.get(primary.id, primary.moment)))
    return result


def _born(context: Context, resource_type: str, primaries: Sequence[Stored]) -> dict[str, datetime]:
    """Say when documents were made: those of version 1 just as they stand, so nothing is read."""
    changed = [each.id for each in primaries if each.version > 1]
    return context.store.born(resource_type, changed) if changed else {}


def _standing(
    context: Context,
    entity: str,
    primary: Document,
    stored: dict[str, Stored],
    extra: Gathered,
) -> Standing:
    resources = {
        role: primary if role == PRIMARY else inward(context, each) for role, each in stored.items()
    }
    others = {name: inward(context, each) for name, each in extra.items()}
    fields = load_mappings()[entity].from_fhir({**others, **resources})
    fields["sumber"] = _source(primary)
    return Standing(
        entity,
        primary["id"],
        resources,
        {role: each.version for role, each in stored.items()},
        fields,
        max(each.moment for each in stored.values()),
        stored[PRIMARY].moment,
    )


def _fetch(context: Context, names: Iterable[str], version: int | None) -> Gathered:
    if version is not None:
        read = {name: _read(context, name, version) for name in names}
        return {name: each for name, each in read.items() if each is not None and each.text}
    ids = defaultdict(list)
    for name in names:
        kind, _, resource_id = name.partition("/")
        ids[kind].append(resource_id)
    fetched: Gathered = {}
    for kind, wanted in ids.items():
        plan = Plan(kind, {"_id": {"$in": wanted}}, limit=len(wanted))
        fetched |= {_name(each): each for each in context.store.search(plan).resources}
    return fetched


def _read(context: Context, name: str, version: int | None) -> Stored | None:
    kind, _, resource_id = name.partition("/")
    if version is None:
        return context.store.read(kind, resource_id)
    return context.store.vread(kind, resource_id, version)


def _presented(stands: Standing) -> Presented:
    fields = {name: isi(value) for name, value in stands.fields.items()}
    document = {
        "id": stands.id,
        "versi": stands.version,
        "dibuat": stands.born,
        "diubah": stands.moment,
    }
    document |= {name: value for name, value in fields.items() if value not in (None, [], {})}
    reference = f"{stands.resources[PRIMARY]['resourceType']}/{stands.id}"
    return Presented(stands.entity, stands.id, reference, stands.version, stands.etag, document)


def _source(primary: Document) -> str:
    """Say where a document comes from; what says nothing of it came by the FHIR API."""
    tags = primary.get("meta", {}).get("tag", ())
    said = (tag.get("code") for tag in tags if tag.get("system") == ASAL_DATA)
    return next((each for each in said if each), "api")


def _name(stored: Stored) -> str:
    return f"{stored.resource_type}/{stored.id}"
