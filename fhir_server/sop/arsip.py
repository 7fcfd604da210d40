"""The archive: every SOP document word for word, and what became of it.

An entry is made *before* the resources are written and closed *after*. It already holds the id
that the primary resource will get, so whatever happens in between can be told from the store:

* the server dies before the resources are written: the entry stays ``diterima`` and no resource
  has its id; the same key sent again writes them, once, under that id;
* it dies after, or before the entry was closed (``penutupan``): the resource is there; the same key
  sent again closes the entry and answers what the first answer would have been, version 1 of what
  was written;
* two requests with one key at once: the key is the entry's own id, so one makes the entry and the
  other finds it (no index has to be there first), and the store lets one of them create the id.

A document that was refused on the write road keeps its entry (``ditolak``) and gives its key back;
one that breaks the rules of its own entity is answered before it gets here.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import mongoengine as me
from mongoengine import connection
from pymongo import UpdateOne, WriteConcern
from pymongo.errors import DuplicateKeyError, PyMongoError

from fhir_server.errors import Unavailable
from fhir_server.sop.penutupan import Penutupan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymongo.collection import Collection


class Arsip(me.Document):  # type: ignore[misc]  # mongoengine has no types
    """One document as it was received."""

    id = me.StringField(primary_key=True)
    entitas = me.StringField(required=True)
    idDokumen = me.StringField(required=True)
    naskah = me.StringField(required=True)
    sidik = me.StringField(required=True)
    versiPemetaan = me.IntField(required=True)
    pengirim = me.StringField(required=True)
    keadaan = me.StringField(choices=("diterima", "selesai", "ditolak"), default="diterima")
    menjadi = me.ListField(me.StringField())
    alasan = me.StringField()
    diterima = me.DateTimeField(required=True)

    meta = {  # noqa: RUF012 - mongoengine reads it
        "collection": "sop.arsip",
        "indexes": [("entitas", "idDokumen", "diterima")],
    }


def sambungkan(uri: str, database: str) -> None:
    """Open the archive's connection, once per process and after it was forked."""
    try:
        _penutupan.flush()
    except (PyMongoError, connection.ConnectionFailure):
        _penutupan.forget()
    connection.disconnect()
    me.connect(database, host=uri, tz_aware=True, uuidRepresentation="standard", w="majority")


@contextmanager
def _terjangkau() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise Unavailable("The archive did not answer. The same request may work later.") from error


@_terjangkau()
def catat(entry: Arsip) -> Arsip:
    """Keep a document, or give the entry that its key already has.

    Nobody waits until it is on the disk: the resources are written after it and into the same
    journal, so where they are the entry is; and where they are not, nothing was answered.
    """
    entry.validate()
    try:
        _koleksi().insert_one(entry.to_mongo())
    except DuplicateKeyError:
        found: Arsip | None = Arsip.objects(id=entry.id).first()
        if found is None:  # its owner was refused meanwhile and gave the key back
            return catat(entry)
        return found
    return entry


def baru(  # noqa: PLR0913 - what an entry says
    *,
    entitas: str,
    id_dokumen: str,
    naskah: str,
    sidik: str,
    versi_pemetaan: int,
    pengirim: str,
    kunci: str | None = None,
) -> Arsip:
    """Make an entry that is not kept yet."""
    return Arsip(
        id=f"{entitas}/{kunci}" if kunci is not None else _nomor(),
        entitas=entitas,
        idDokumen=id_dokumen,
        naskah=naskah,
        sidik=sidik,
        versiPemetaan=versi_pemetaan,
        pengirim=pengirim,
        diterima=datetime.now(UTC),
    )


def selesaikan(entry: Arsip, menjadi: Sequence[str]) -> None:
    """Close an entry: the resources it became are written (``Type/id/_history/version``).

    Nobody waits for it: it is written a moment later, with others.
    """
    closed = {"$set": {"keadaan": "selesai", "menjadi": list(menjadi)}}
    _penutupan.add(UpdateOne({"_id": entry.pk, "idDokumen": entry.idDokumen}, closed))


def tutup() -> None:
    """Write the closings of this process that still wait, before its database is closed."""
    _penutupan.last()


@_terjangkau()
def tolak(entry: Arsip, alasan: str) -> None:
    """Close an entry whose document was refused; its key may be used again."""
    kept = {name: entry[name] for name in entry if name != "id"}
    Arsip(**{**kept, "id": _nomor(), "keadaan": "ditolak", "alasan": alasan}).save()
    entry.delete()


@_terjangkau()
def riwayat(entitas: str, id_dokumen: str) -> list[Arsip]:
    """Give what was received for a document, the oldest first."""
    _penutupan.flush()
    return list(Arsip.objects(entitas=entitas, idDokumen=id_dokumen).order_by("diterima"))


@_terjangkau()
def lupakan(id_dokumen: Sequence[str]) -> None:
    """Take out what was received for documents, for good: their resources are being expunged."""
    _penutupan.flush()
    Arsip.objects(idDokumen__in=list(id_dokumen)).delete()


def _koleksi() -> Collection[dict[str, Any]]:
    """Give the entries as the driver writes them, without waiting for the disk."""
    koleksi: Collection[dict[str, Any]] = Arsip._get_collection()  # noqa: SLF001 - mongoengine's door
    return koleksi.with_options(write_concern=WriteConcern(w=1))


def _tutup(closings: Sequence[UpdateOne]) -> None:
    _koleksi().bulk_write(list(closings), ordered=False)


_penutupan = Penutupan(_tutup)


def _nomor() -> str:
    return str(uuid.uuid4())
