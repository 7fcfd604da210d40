"""One attempt to write a SOP document: its resources as they become, over what stands.

An attempt reads afresh, so it may be made again when another request was first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import structs

from fhir_server.errors import Hidden, PreconditionFailed
from fhir_server.exchange.origin import provenance
from fhir_server.exchange.patients import unknown
from fhir_server.exchange.refusal import expressible, judge
from fhir_server.interactions import write
from fhir_server.interactions.reader import StoreReader, outward
from fhir_server.mappings import load_mappings, part_id
from fhir_server.mappings.codes import code_system, structure
from fhir_server.mappings.plain import as_json
from fhir_server.mappings.trace import written_by
from fhir_server.mappings.weave import readdress, weave
from fhir_server.sop import entitas

if TYPE_CHECKING:
    from collections.abc import Mapping as Table
    from collections.abc import Sequence

    from fhir_server.context import Context
    from fhir_server.exchange.reading import Standing
    from fhir_server.mappings import Mapping
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Dokumen
    from fhir_server.store.ops import Condition, Put, Written

ASAL_DATA = code_system("asal-data")


class Part(NamedTuple):
    """What a document writes of a resource; ``says``: anything that does not stand there yet."""

    put: Put
    says: bool = True


@dataclass(frozen=True, slots=True)
class Create:
    """One attempt after another to write a new document."""

    context: Context
    entity: str
    document: Dokumen
    id: str

    def __call__(self) -> list[Written]:
        """Write it whole, or raise what stands against it."""
        mapping = load_mappings()[self.entity]
        judge(unknown(self.context, self.document))
        reader = StoreReader(self.context)
        document, conditions = mapping.complete(self.document, None, reader)
        adopted = mapping.adopt(document, reader)
        homes = _homes(self.id, adopted)
        with expressible():
            resources = mapping.to_fhir(document, self.id)
        parts = [
            self._made(mapping, role, readdress(as_json(each), homes), document)
            if role not in adopted
            else self._joined(
                mapping, role, readdress(as_json(each), homes), adopted[role], document, reader
            )
            for role, each in resources.items()
        ]
        parts += _amendments(self.context, mapping, document, self.id, reader)
        return _written(self.context, parts, conditions)

    def _made(self, mapping: Mapping, role: str, new: Document, document: Dokumen) -> Part:
        resource_id = part_id(self.id, role)
        whole = _dressed(mapping, role, new, resource_id, document)
        return Part(_put(self.context, whole, resource_id, "POST"))

    def _joined(  # noqa: PLR0913, PLR0917 - a part, and what it joins
        self,
        mapping: Mapping,
        role: str,
        new: Document,
        stands: Document,
        document: Dokumen,
        reader: StoreReader,
    ) -> Part:
        name = f"{stands['resourceType']}/{stands['id']}"
        woven = weave({**stands, "meta": {}}, {"meta": {}}, new)
        whole = _dressed(mapping, role, woven, stands["id"], document, stands.get("meta"))
        put = _put(self.context, whole, stands["id"], "PUT")
        return Part(structs.replace(put, if_match=reader.versions[name]), whole != stands)

    def done(self) -> bool:
        """Say whether another request with the same key wrote it meanwhile."""
        mapping = load_mappings()[self.entity]
        try:
            return self.context.store.read(mapping.resource_type, self.id) is not None
        except Hidden:
            return False


@dataclass(frozen=True, slots=True)
class Update:
    """One attempt after another to write a document over what stands."""

    context: Context
    entity: str
    document: Dokumen
    standing: Standing

    @property
    def id(self) -> str:
        """The document's id."""
        return self.standing.id

    def __call__(self) -> list[Written]:
        """Write it over what was read, or raise what stands against it."""
        mapping, stands = load_mappings()[self.entity], self.standing
        judge(unknown(self.context, self.document, stands.fields))
        reader = StoreReader(self.context)
        document, conditions = mapping.complete(self.document, stands.fields, reader)
        homes = _homes(stands.id, stands.resources)
        base = readdress(_base(mapping, stands), homes)
        with expressible():
            resources = mapping.to_fhir(document, self.id)
        parts = [
            self._over(mapping, role, readdress(as_json(each), homes), base.get(role), document)
            for role, each in resources.items()
        ]
        parts += _amendments(self.context, mapping, document, self.id, reader)
        return _written(self.context, parts, conditions)

    def _over(
        self,
        mapping: Mapping,
        role: str,
        new: Document,
        base: Document | None,
        document: Dokumen,
    ) -> Part:
        stands = self.standing.resources.get(role)
        if stands is None:
            resource_id = part_id(self.id, role)
            whole = _dressed(mapping, role, new, resource_id, document)
            return Part(_put(self.context, whole, resource_id, "POST"))
        resource_id = stands["id"]
        woven = weave({**stands, "meta": {}}, {**(base or {}), "meta": {}}, new)
        whole = _dressed(mapping, role, woven, resource_id, document, stands.get("meta"))
        put = _put(self.context, whole, resource_id, "PUT")
        version = self.standing.versions[role]
        return Part(structs.replace(put, if_match=version), whole != stands)

    def done(self) -> bool:
        """Give up: what the client read is no longer current."""
        raise PreconditionFailed(
            f"{self.entity} {self.id} sudah diubah oleh permintaan lain. Baca lagi, lalu ulangi."
        )


def _base(mapping: Mapping, standing: Standing) -> dict[str, Document]:
    """Give what the mapping would have written for the document as it stands."""
    kind = entitas()[standing.entity].dokumen
    known = {name: value for name, value in standing.fields.items() if value is not None}
    try:
        return written_by(mapping, kind(**known), standing.id)
    except TypeError:  # a resource made by others may lack what the SOP requires
        return {}


def _homes(document_id: str, resources: Table[str, Document]) -> dict[str, str]:
    """Say which parts of a document have another id than the SOP would have given them."""
    homes = {}
    for role, each in resources.items():
        kind, own_id = each["resourceType"], part_id(document_id, role)
        if each["id"] != own_id:
            homes[f"{kind}/{own_id}"] = f"{kind}/{each['id']}"
    return homes


def _dressed(  # noqa: PLR0913, PLR0917 - what a resource wears
    mapping: Mapping,
    role: str,
    resource: Document,
    resource_id: str,
    document: Dokumen,
    meta: Document | None = None,
) -> Document:
    """Set id and meta: profile and origin, beside whatever others have put there."""
    kept = meta or {}
    kinds = mapping.profiles
    name = kinds.get(role, kinds.get(resource["resourceType"])) if role else mapping.profile
    own = [] if name is None else [structure(name)]
    kinds_of = {} if role else mapping.varieties
    own += [structure(each) for each, is_of in kinds_of.items() if is_of(resource)]
    others = [e for e in kept.get("profile", ()) if e not in {structure(v) for v in kinds_of}]
    profiles = dict.fromkeys([*others, *own])
    tags = [tag for tag in kept.get("tag", ()) if tag.get("system") != ASAL_DATA]
    tags.append({"system": ASAL_DATA, "code": document.sumber})
    worn = {**kept, "profile": list(profiles), "tag": tags}
    worn = {key: value for key, value in worn.items() if value}
    rest = {key: value for key, value in resource.items() if key not in ("id", "meta")}
    return {"resourceType": rest.pop("resourceType"), "id": resource_id, "meta": worn, **rest}


def _written(
    context: Context, parts: Sequence[Part], conditions: Sequence[Condition]
) -> list[Written]:
    """Store them with their Provenance, which is none of what the document becomes."""
    anyway = context.settings.noop_updates
    proof = provenance(context, [each.put for each in parts if each.says or anyway])
    puts = [each.put for each in parts]
    return write.commit(context, [*puts, *proof], conditions)[: len(puts)]


def _put(context: Context, resource: Document, resource_id: str, method: Any) -> Put:
    raw = outward(context, resource)
    return write.put(context, write.checked(context, raw), raw, resource_id, method=method)


def _amendments(
    context: Context, mapping: Mapping, document: Dokumen, document_id: str, reader: StoreReader
) -> list[Part]:
    """Write the changes that a document makes to others' resources, against what was read.

    Also where nothing changes: another document that amends the same resource at the same moment
    has read a state that this one is about to change.
    """
    amended = mapping.amend(document, document_id, reader)
    return [
        Part(
            structs.replace(
                _put(context, each, each["id"], "PUT" if name in reader.versions else "POST"),
                if_match=reader.versions.get(name),
                anyway=True,
            )
        )
        for name, each in amended.items()
    ]
