"""Write a SOP document: judge it, keep it, turn it into resources, commit once."""

from __future__ import annotations

import hashlib
import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from msgspec import structs

from fhir_server.errors import (
    Conflict,
    FhirError,
    Hidden,
    Invalid,
    Issue,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    RuleBroken,
)
from fhir_server.exchange import reading
from fhir_server.exchange.origin import witnessed
from fhir_server.exchange.patients import unknown
from fhir_server.exchange.refusal import expressible, judge
from fhir_server.interactions import write
from fhir_server.interactions.reader import StoreReader, outward
from fhir_server.mappings import load_mappings, part_id
from fhir_server.mappings.codes import code_system, structure
from fhir_server.mappings.plain import as_json
from fhir_server.mappings.trace import written_by
from fhir_server.mappings.weave import readdress, weave
from fhir_server.sop import arsip, entitas
from fhir_server.sop.dokumen import belum_terjadi, isi, terlalu_panjang, tulis
from fhir_server.sop.status_rujukan import BR_R3

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Mapping as Table

    from fhir_server.context import Context
    from fhir_server.exchange.reading import Presented, Standing
    from fhir_server.mappings import Mapping
    from fhir_server.resources.wire import Document
    from fhir_server.sop.arsip import Arsip
    from fhir_server.sop.dokumen import Dokumen, Teguran
    from fhir_server.store.ops import Put, Written

ASAL_DATA = code_system("asal-data")
ATTEMPTS = 60
LONGEST_WAIT = 0.05


def publish(  # noqa: PLR0913 - what a client may say about a document
    context: Context,
    entity: str,
    document: Dokumen,
    *,
    key: str | None = None,
    source: str | None = None,
    document_id: str | None = None,
) -> Presented:
    """Keep a new document and write what it becomes.

    ``key`` is the client's Idempotency-Key: the same one with the same document gives the first
    answer again. ``source`` is the document word for word, ``document_id`` the id to use (demo
    and import choose one; else the server does). What there may be only one of is answered with
    the one that is there, if this document says the same. Raises Invalid or RuleBroken in words
    of the SOP.
    """
    long = terlalu_panjang(document, context.settings.text_limit)
    warnings = judge([*long, *_not_yet(context, document), *entitas()[entity].periksa(document)])
    only = load_mappings()[entity].own_id(document) if document_id is None else None
    chosen = document_id or only or context.new_id()
    entry = _entry(context, entity, document, chosen, source, key)
    if only is not None and (there := _there(context, entity, entry)) is not None:
        return there
    kept = arsip.catat(entry)
    if kept is not entry:
        _same(kept, entry)
        if (before := _first(context, entity, kept)) is not None:
            return replace(before, replayed=True)
    made = _settled(context, kept, _Create(context, entity, document, kept.idDokumen), warnings)
    if made.replayed and only is not None:
        _agreed(entity, entry)
    return made


def revise(  # noqa: PLR0913 - what a client may say about a change
    context: Context,
    entity: str,
    document_id: str,
    document: Dokumen,
    *,
    etag: str | None = None,
    version: int | None = None,
    source: str | None = None,
) -> Presented:
    """Write a document anew; what others added to its resources stays.

    ``etag`` or ``version`` is what the client has read; PreconditionFailed if it is not current.
    """
    kind = entitas()[entity]
    standing = reading.standing(context, entity, document_id)
    if load_mappings()[entity].versioned and etag is None and version is None:
        raise _unversioned(entity, document_id)
    _current(standing, etag, version)
    long = terlalu_panjang(document, context.settings.text_limit)
    wrong = kind.periksa_perubahan(standing.fields, document)
    warnings = judge([*long, *_not_yet(context, document), *kind.periksa(document), *wrong])
    entry = arsip.catat(_entry(context, entity, document, document_id, source, None))
    return _settled(context, entry, _Update(context, entity, document, standing), warnings)


@dataclass(frozen=True, slots=True)
class _Create:
    """One attempt after another to write a new document."""

    context: Context
    entity: str
    document: Dokumen
    id: str

    def __call__(self) -> list[Written]:
        mapping = load_mappings()[self.entity]
        judge(unknown(self.context, self.document))
        reader = StoreReader(self.context)
        document, conditions = mapping.complete(self.document, None, reader)
        adopted = mapping.adopt(document, reader)
        homes = _homes(self.id, adopted)
        with expressible():
            resources = mapping.to_fhir(document, self.id)
        puts = [
            self._made(mapping, role, readdress(as_json(each), homes), document)
            if role not in adopted
            else self._joined(
                mapping, role, readdress(as_json(each), homes), adopted[role], document, reader
            )
            for role, each in resources.items()
        ]
        puts += _amendments(self.context, mapping, document, self.id, reader)
        return write.commit(self.context, witnessed(self.context, puts), conditions)

    def _made(self, mapping: Mapping, role: str, new: Document, document: Dokumen) -> Put:
        resource_id = part_id(self.id, role)
        whole = _dressed(mapping, role, new, resource_id, document)
        return _put(self.context, whole, resource_id, "POST")

    def _joined(  # noqa: PLR0913, PLR0917 - a part, and what it joins
        self,
        mapping: Mapping,
        role: str,
        new: Document,
        stands: Document,
        document: Dokumen,
        reader: StoreReader,
    ) -> Put:
        name = f"{stands['resourceType']}/{stands['id']}"
        woven = weave({**stands, "meta": {}}, {"meta": {}}, new)
        whole = _dressed(mapping, role, woven, stands["id"], document, stands.get("meta"))
        put = _put(self.context, whole, stands["id"], "PUT")
        return structs.replace(put, if_match=reader.versions[name])

    def done(self) -> bool:
        """Say whether another request with the same key wrote it meanwhile."""
        mapping = load_mappings()[self.entity]
        try:
            return self.context.store.read(mapping.resource_type, self.id) is not None
        except Hidden:
            return False


@dataclass(frozen=True, slots=True)
class _Update:
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
        mapping, stands = load_mappings()[self.entity], self.standing
        judge(unknown(self.context, self.document, stands.fields))
        reader = StoreReader(self.context)
        document, conditions = mapping.complete(self.document, stands.fields, reader)
        homes = _homes(stands.id, stands.resources)
        base = readdress(_base(mapping, stands), homes)
        with expressible():
            resources = mapping.to_fhir(document, self.id)
        puts = [
            self._over(mapping, role, readdress(as_json(each), homes), base.get(role), document)
            for role, each in resources.items()
        ]
        puts += _amendments(self.context, mapping, document, self.id, reader)
        return write.commit(self.context, witnessed(self.context, puts), conditions)

    def _over(
        self,
        mapping: Mapping,
        role: str,
        new: Document,
        base: Document | None,
        document: Dokumen,
    ) -> Put:
        stands = self.standing.resources.get(role)
        if stands is None:
            resource_id = part_id(self.id, role)
            whole = _dressed(mapping, role, new, resource_id, document)
            return _put(self.context, whole, resource_id, "POST")
        resource_id = stands["id"]
        woven = weave({**stands, "meta": {}}, {**(base or {}), "meta": {}}, new)
        whole = _dressed(mapping, role, woven, resource_id, document, stands.get("meta"))
        version = self.standing.versions[role]
        return structs.replace(_put(self.context, whole, resource_id, "PUT"), if_match=version)

    def done(self) -> bool:
        """Give up: what the client read is no longer current."""
        raise PreconditionFailed(
            f"{self.entity} {self.id} sudah diubah oleh permintaan lain. Baca lagi, lalu ulangi."
        )


def _settled(
    context: Context, entry: Arsip, attempt: _Create | _Update, warnings: Sequence[Teguran]
) -> Presented:
    """Write until it is written or refused, and close the archive's entry either way."""
    try:
        written = _insist(attempt)
    except FhirError as refusal:
        if refusal.status < 500:  # else nobody knows what became of it
            arsip.tolak(entry, refusal.issues[0].diagnostics)
        raise
    if written is None:
        first = reading.present(context, attempt.entity, attempt.id, version=1)
        return replace(first, replayed=True)
    arsip.selesaikan(entry, [f"{_name(w)}/_history/{w.stored.version}" for w in written])
    stored = [each.stored for each in written]
    made = reading.of_written(context, attempt.entity, attempt.id, stored)
    return replace(made, warnings=tuple(warnings))


def _insist(attempt: _Create | _Update) -> list[Written] | None:
    """Try again while other requests win the race; None if one of them wrote this document."""
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except RuleBroken:
            raise
        except (Conflict, PreconditionFailed):
            if attempt.done():
                return None
            if number + 1 == ATTEMPTS:
                raise
            time.sleep(random.uniform(0, LONGEST_WAIT))  # noqa: S311 - no secret
    return None


def _first(context: Context, entity: str, entry: Arsip) -> Presented | None:
    """Give the answer that the first request with a key had, or None if it never wrote."""
    try:
        first = reading.present(context, entity, entry.idDokumen, version=1)
    except (Hidden, NotFound):
        return None
    if entry.keadaan == "diterima":
        arsip.selesaikan(entry, [f"{first.reference}/_history/1"])
    return first


def _there(context: Context, entity: str, entry: Arsip) -> Presented | None:
    """Give the document that already has the one id this one can have; None if there is none."""
    try:
        standing = reading.present(context, entity, entry.idDokumen)
    except (Hidden, NotFound):
        return None
    _agreed(entity, entry)
    return replace(standing, replayed=True)


def _agreed(entity: str, entry: Arsip) -> None:
    """Refuse a document that says something else than the one that was kept under its id."""
    others = [each for each in arsip.riwayat(entity, entry.idDokumen) if each.id != entry.id]
    if any(each.sidik == entry.sidik and each.keadaan != "ditolak" for each in others):
        return
    where = f"{entity.replace('_', '-')}/{entry.idDokumen}"
    raise RuleBroken(
        f"This is already recorded as {where}, with other content. Change that one (PUT).",
        indonesian=f"Sudah tercatat sebagai {where} dengan isi lain. Ubah yang itu (PUT).",
    )


def _entry(  # noqa: PLR0913, PLR0917 - what an entry says
    context: Context,
    entity: str,
    document: Dokumen,
    document_id: str,
    source: str | None,
    key: str | None,
) -> Arsip:
    plain = tulis(isi(document))
    return arsip.baru(
        entitas=entity,
        id_dokumen=document_id,
        naskah=plain.decode() if source is None else source,
        sidik=hashlib.sha256(plain).hexdigest(),
        versi_pemetaan=load_mappings()[entity].version,
        pengirim=context.principal.subject,
        kunci=key,
    )


def _same(kept: Arsip, entry: Arsip) -> None:
    if kept.sidik != entry.sidik:
        says = (
            "Idempotency-Key: kunci ini sudah dipakai untuk dokumen lain. Seharusnya: dokumen "
            "yang sama, atau kunci baru."
        )
        raise Invalid([Issue("duplicate", says, indonesian=says)])


def _unversioned(entity: str, document_id: str) -> PreconditionRequired:
    says = (
        f"versi: kosong pada perubahan {entity} {document_id}, yang digerakkan dua fasilitas. "
        f"Seharusnya: baca dahulu, lalu kirim versi (atau If-Match) yang dibaca ({BR_R3})"
    )
    return PreconditionRequired(says, expression="versi", indonesian=says, rule=BR_R3)


def _current(standing: Standing, etag: str | None, version: int | None) -> None:
    wrong_etag = etag is not None and etag != standing.etag
    if wrong_etag or (version is not None and version != standing.version):
        says = f"versi yang dibaca bukan lagi versi sekarang ({standing.version}). Baca lagi."
        raise PreconditionFailed(says, indonesian=says)


def _base(mapping: Mapping, standing: Standing) -> dict[str, Document]:
    """Give what the mapping would have written for the document as it stands."""
    kind = entitas()[standing.entity].dokumen
    known = {name: value for name, value in standing.fields.items() if value is not None}
    try:
        return written_by(mapping, kind(**known), standing.id)
    except TypeError:  # a resource made by others may lack what the SOP requires
        return {}


def _not_yet(context: Context, document: Dokumen) -> Iterator[Teguran]:
    zone = ZoneInfo(context.settings.timezone)
    return belum_terjadi(document, context.clock().astimezone(zone))


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


def _put(context: Context, resource: Document, resource_id: str, method: Any) -> Put:
    raw = outward(context, resource)
    return write.put(context, write.checked(context, raw), raw, resource_id, method=method)


def _amendments(
    context: Context, mapping: Mapping, document: Dokumen, document_id: str, reader: StoreReader
) -> list[Put]:
    """Write the changes that a document makes to others' resources, against what was read.

    Also where nothing changes: another document that amends the same resource at the same moment
    has read a state that this one is about to change.
    """
    amended = mapping.amend(document, document_id, reader)
    return [
        structs.replace(
            _put(context, each, each["id"], "PUT" if name in reader.versions else "POST"),
            if_match=reader.versions.get(name),
            anyway=True,
        )
        for name, each in amended.items()
    ]


def _name(written: Written) -> str:
    return f"{written.stored.resource_type}/{written.stored.id}"
