"""The thread of a telephone number: one for each line of the clinic and who writes to it.

The thread of somebody whom the clinic monitors is one of the monitoring (BR-A0); it becomes one
as soon as the number belongs to such a patient, for a number may write before it is known. A
number that became somebody else's has a thread of its own for whoever takes no part in that one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server import exchange
from fhir_server.bridges.whatsapp.numbers import parts
from fhir_server.mappings import load_mappings
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of, id_of
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


@dataclass(slots=True)
class Known:
    """Threads by their keys, and which patients are monitored, as they were a moment ago.

    ``thread_of`` keeps the threads up to date.
    """

    threads: dict[str, Thread] = field(default_factory=dict)
    monitored: dict[str, bool] = field(default_factory=dict)

    def is_monitored(self, reader: Reader, patient: str) -> bool:
        """Tell whether the clinic monitors a patient (BR-A0)."""
        if patient not in self.monitored:
            self.monitored |= _monitored(reader, [patient])
        return self.monitored[patient]


def look(reader: Reader, keys: Sequence[str], patients: Sequence[str]) -> Known:
    """Look up the threads that the server has opened under these keys, and these patients."""
    by_id = {f"utas-{each[:40]}": each for each in keys}
    known = Known()
    for some in parts(list(by_id)):
        for each in reader.find("Communication", [("_id", ",".join(some))]):
            known.threads[by_id[each["id"]]] = _read(each)
    for some in parts(patients):
        known.monitored |= _monitored(reader, some)
    return known


def thread_of(  # noqa: PLR0913, PLR0917 - a message, who wrote and who reads it, what is known
    context: Context,
    reader: Reader,
    message: Incoming,
    person: Person | None,
    reads: str,
    known: Known,
) -> Thread:
    """Give the thread of a message; it is opened, or told whose it is, if need be."""
    party, patient = (person.party, person.patient) if person else (f"wa/{message.sender}", None)
    peer, key = Peer(message.sender, party, patient), key_of(message.line.id, message.sender)
    there = known.threads.get(key)
    if there is not None and _is_of_another(there, peer):
        return thread_with(context, reader, message.line.id, peer, reads, message.moment)
    if there is None:
        found = thread_with(context, reader, message.line.id, peer, reads, message.moment)
    else:
        found = _told(context, reader, there, peer, known)
    known.threads[key] = found
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
    apart: bool = True,
) -> Thread:
    """Give the thread between a line of the clinic and a number; it is opened if need be.

    ``apart``: whoever takes no part in the monitoring that the thread is has one of his own.
    """
    key = key_of(line, peer.number)
    there = _there(reader, key)
    if apart and there is not None and _is_of_another(there, peer):
        key = key_of(line, f"{peer.number}|{peer.patient or peer.party}")
        there = _there(reader, key)
    if there is not None:
        return _told(context, reader, there, peer, Known())
    opened = PercakapanKonsultasi(
        sumber="webhook",
        idUtas=key,
        layanan=_service(reader, peer.patient, Known()),
        kanal=channel,
        dimulai=moment.astimezone(reader.now.tzinfo),
        peserta=(peer.party, reads),
        pasien=peer.patient,
    )
    exchange.publish(context, ENTITY, opened, document_id=f"utas-{key[:40]}")
    return Thread(f"utas-{key[:40]}", opened)


def _there(reader: Reader, key: str) -> Thread | None:
    own = reader.read(f"Communication/utas-{key[:40]}")
    found = [own] if own else reader.find("Communication", [("identifier", f"{UTAS}|{key}")])
    return _read(found[0]) if found else None


def _read(found: Document) -> Thread:
    fields: dict[str, Any] = load_mappings()[ENTITY].from_fhir({"": found})
    known = {name: value for name, value in fields.items() if value is not None}
    return Thread(found["id"], PercakapanKonsultasi(**known))


def _is_of_another(thread: Thread, peer: Peer) -> bool:
    """Say whether a thread is the monitoring of a patient for whom whoever writes does not speak.

    Nobody known, or staff whom the thread names, may go on in it.
    """
    stands = thread.document
    if stands.layanan != "pemantauan" or stands.pasien is None or peer.party.startswith("wa/"):
        return False
    return peer.patient != stands.pasien and peer.party not in stands.peserta


def _told(context: Context, reader: Reader, thread: Thread, peer: Peer, known: Known) -> Thread:
    """Say in a thread whose it is, once that is known; a thread never changes its patient."""
    stands, patient = thread.document, peer.patient
    if patient is None or stands.pasien not in {None, patient} or stands.layanan != "umum":
        return thread
    service = _service(reader, patient, known)
    if stands.pasien == patient and service != "pemantauan":
        return thread
    others = (e for e in stands.peserta if not e.startswith("wa/") or e == peer.party)
    people = tuple(dict.fromkeys((peer.party, *others)))
    changed = replace(stands, sumber="webhook", pasien=patient, layanan=service, peserta=people)
    exchange.revise(context, ENTITY, thread.id, changed)
    return Thread(thread.id, changed)


def _service(reader: Reader, patient: str | None, known: Known) -> Any:
    if patient is not None and known.is_monitored(reader, patient):
        return "pemantauan"
    return reader.settings.whatsapp_layanan


def _monitored(reader: Reader, patients: Sequence[str]) -> dict[str, bool]:
    """Say of patients whether a flag or a plan of the monitoring is active."""
    subjects = ("subject", ",".join(f"Patient/{each}" for each in patients))
    flags = reader.find("Flag", [subjects])
    plans = reader.find("CarePlan", [subjects, ("status", "active")])
    watched = {
        id_of(each.get("subject"), "Patient")
        for each in (*flags, *plans)
        if each.get("status") == "active" and _marks(each)
    }
    return {each: each in watched for each in patients}


def _marks(found: Document) -> bool:
    if found["resourceType"] == "Flag":
        return code_of(found.get("code"), FLAG) in MONITORED
    return code_of(found.get("category"), PLAN) in MONITORED
