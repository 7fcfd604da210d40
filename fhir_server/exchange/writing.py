"""Write a SOP document: judge it, keep it in the archive, attempt it until it is decided."""

from __future__ import annotations

import hashlib
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

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
from fhir_server.exchange.attempts import Create, Update
from fhir_server.exchange.refusal import judge
from fhir_server.mappings import load_mappings
from fhir_server.sop import arsip, entitas
from fhir_server.sop.dokumen import belum_terjadi, isi, terlalu_panjang, tulis
from fhir_server.sop.status_rujukan import BR_R3

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.context import Context
    from fhir_server.exchange.reading import Presented, Standing
    from fhir_server.sop.arsip import Arsip
    from fhir_server.sop.dokumen import Dokumen, Teguran
    from fhir_server.store.ops import Written

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
    made = _settled(context, kept, Create(context, entity, document, kept.idDokumen), warnings)
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
    return _settled(context, entry, Update(context, entity, document, standing), warnings)


def _settled(
    context: Context, entry: Arsip, attempt: Create | Update, warnings: Sequence[Teguran]
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


def _insist(attempt: Create | Update) -> list[Written] | None:
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


def _not_yet(context: Context, document: Dokumen) -> Iterator[Teguran]:
    zone = ZoneInfo(context.settings.timezone)
    return belum_terjadi(document, context.clock().astimezone(zone))


def _name(written: Written) -> str:
    return f"{written.stored.resource_type}/{written.stored.id}"
