"""The thread of a telephone number: one for each line of the clinic and who writes to it.

The thread of somebody whom the clinic monitors is one of the monitoring (BR-A0); it becomes one
as soon as the number belongs to such a patient, for a number may write before it is known.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server import exchange
from fhir_server.bridges.whatsapp.numbers import parts
from fhir_server.mappings import load_mappings
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of
from fhir_server.mappings.percakapan_konsultasi import UTAS
from fhir_server.mappings.percakapan_pemantauan import MONITORED
from fhir_server.sop.percakapan_konsultasi import PercakapanKonsultasi

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fhir_server.bridges.whatsapp.cloud import Incoming
    from fhir_server.bridges.whatsapp.people import Person
    from fhir_server.context import Context
    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document
    from fhir_server.sop.percakapan_konsultasi import Medium

ENTITY: Final = "percakapan_konsultasi"
FLAG: Final = code_system("penanda")
PLAN: Final = code_system("kategori-rencana")


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread that stands in the store."""

    id: str
    document: PercakapanKonsultasi


def key_of(line: str, peer: str) -> str:
    """Give the key of the thread between a line of the clinic and a number."""
    return hashlib.sha256(f"{line}|{peer}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end of a line of the clinic: a number, and whose it is."""

    number: str
    party: str
    patient: str | None


def thread_of(  # noqa: PLR0913, PLR0917 - a message, who wrote and who reads it, what is known
    context: Context,
    reader: Reader,
    message: Incoming,
    person: Person | None,
    reads: str,
    known: dict[str, Thread],
) -> Thread:
    """Give the thread of a message; it is opened, or told whose it is, if need be.

    ``known`` are threads by their keys; it learns what becomes of this one.
    """
    party, patient = (person.party, person.patient) if person else (f"wa/{message.sender}", None)
    peer, key = Peer(message.sender, party, patient), key_of(message.line.id, message.sender)
    if key in known:
        found = _told(context, reader, known[key], patient, party)
    else:
        found = thread_with(context, reader, message.line.id, peer, reads, message.moment)
    known[key] = found
    return found


def thread_with(  # noqa: PLR0913, PLR0917 - both ends, and since when
    context: Context,
    reader: Reader,
    line: str,
    peer: Peer,
    reads: str,
    moment: datetime,
    *,
    channel: Medium = "whatsapp",
) -> Thread:
    """Give the thread between a line of the clinic and a number; it is opened if need be."""
    key = key_of(line, peer.number)
    there = _there(reader, key)
    if there is not None:
        return _told(context, reader, there, peer.patient, peer.party)
    opened = PercakapanKonsultasi(
        sumber="webhook",
        idUtas=key,
        layanan=_service(reader, peer.patient),
        kanal=channel,
        dimulai=moment.astimezone(reader.now.tzinfo),
        peserta=(peer.party, reads),
        pasien=peer.patient,
    )
    exchange.publish(context, ENTITY, opened, document_id=f"utas-{key[:40]}")
    return Thread(f"utas-{key[:40]}", opened)


def standing(reader: Reader, keys: Sequence[str]) -> dict[str, Thread]:
    """Give those threads that the server has opened itself, by their keys."""
    by_id = {f"utas-{each[:40]}": each for each in keys}
    found: dict[str, Thread] = {}
    for some in parts(list(by_id)):
        for each in reader.find("Communication", [("_id", ",".join(some))]):
            found[by_id[each["id"]]] = _read(each)
    return found


def _there(reader: Reader, key: str) -> Thread | None:
    own = reader.read(f"Communication/utas-{key[:40]}")
    found = [own] if own else reader.find("Communication", [("identifier", f"{UTAS}|{key}")])
    return _read(found[0]) if found else None


def _read(found: Document) -> Thread:
    fields: dict[str, Any] = load_mappings()[ENTITY].from_fhir({"": found})
    known = {name: value for name, value in fields.items() if value is not None}
    return Thread(found["id"], PercakapanKonsultasi(**known))


def _told(
    context: Context, reader: Reader, thread: Thread, patient: str | None, peer: str
) -> Thread:
    """Say in a thread whose it is, once that is known; a thread never changes its patient."""
    stands = thread.document
    if patient is None or stands.pasien not in {None, patient} or stands.layanan != "umum":
        return thread
    service = _service(reader, patient)
    if stands.pasien == patient and service != "pemantauan":
        return thread
    others = (each for each in stands.peserta if not each.startswith("wa/") or each == peer)
    people = tuple(dict.fromkeys((peer, *others)))
    changed = replace(stands, sumber="webhook", pasien=patient, layanan=service, peserta=people)
    exchange.revise(context, ENTITY, thread.id, changed)
    return Thread(thread.id, changed)


def _service(reader: Reader, patient: str | None) -> Any:
    if patient is not None and _is_monitored(reader, f"Patient/{patient}"):
        return "pemantauan"
    return reader.settings.whatsapp_layanan


def _is_monitored(reader: Reader, patient: str) -> bool:
    flags = reader.find("Flag", [("subject", patient)])
    if any(
        e.get("status") == "active" and code_of(e.get("code"), FLAG) in MONITORED for e in flags
    ):
        return True
    plans = reader.find("CarePlan", [("subject", patient), ("status", "active")])
    return any(code_of(each.get("category"), PLAN) in MONITORED for each in plans)
