"""Messages that nobody has to think of: planned contacts of the day, and appointments that near.

Each is written once, as a message that waits, under an id made of what it is for; from then on it
is sent like every other. A patient who cannot be written to is a Task for staff.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from fhir_server.bridges.whatsapp import hours, recording, templates
from fhir_server.bridges.whatsapp.judging import NO_NUMBER, table
from fhir_server.bridges.whatsapp.phone import of_person
from fhir_server.bridges.whatsapp.threads import Peer, thread_with
from fhir_server.errors import Conflict, FhirError, PreconditionFailed
from fhir_server.interactions.faults import report as reported
from fhir_server.interactions.reader import StoreReader
from fhir_server.mappings import pesan_chat, pesan_keluar
from fhir_server.mappings.consequence import id_from, whole
from fhir_server.mappings.elements import code_of, id_of, ids_of
from fhir_server.mappings.medium import MEDIUM
from fhir_server.sop.pesan_chat import PesanChat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.bridges.whatsapp.templates import Kind
    from fhir_server.context import Context
    from fhir_server.resources.wire import Document
    from fhir_server.sop.pesan_chat import KategoriPesan

log = structlog.get_logger(__name__)

SHARED: Final = "Nomor telepon pasien dipakai bersama pasien lain; hubungi langsung."
NO_SENDER: Final = "Tidak tercatat siapa yang memantau; tetapkan petugasnya, lalu hubungi pasien."
CATEGORY: Final[dict[str, KategoriPesan]] = {"pemantauan": "pemantauan", "janji": "pemberitahuan"}


def plan(context: Context) -> bool:
    """Write what is due today and is not written yet; False: there is no more to do at once."""
    settings = context.settings
    if not (settings.whatsapp_token and settings.whatsapp_nomor):
        return False
    reader = StoreReader(context)
    start = hours.time_of_day(settings.whatsapp_jadwal)
    quiet = hours.quiet(settings.whatsapp_tenang, reader.now.tzinfo)  # type: ignore[arg-type]
    if start is None or reader.now.time() < start or (quiet and quiet.until(reader.now)):
        return False
    for kind, origin, name in (*_contacts(reader), *_reminders(reader)):
        _tried(context, kind, origin, name)
    return False


def _tried(context: Context, kind: Kind, origin: Document, name: str) -> None:
    try:
        _written(context, kind, origin, name)
    except (Conflict, PreconditionFailed):
        log.debug("whatsapp: another worker was first", of=name)
    except FhirError as error:
        log.warning("whatsapp: not planned", of=name, error=type(error).__name__)
    except Exception as error:  # noqa: BLE001 -- a bug costs one message, not the others
        reported(error, name)


def _contacts(reader: StoreReader) -> Iterator[tuple[Kind, Document, str]]:
    """Give the planned contacts of today that are to be made by WhatsApp and were not."""
    today = reader.now.date().isoformat()
    pairs = [("status", "active"), ("occurrence", today)]
    for each in reader.find("CommunicationRequest", pairs):
        by_chat = code_of(each.get("medium"), MEDIUM) == pesan_keluar.WHATSAPP
        if by_chat and id_of(each.get("subject"), "Patient"):
            yield "pemantauan", each, id_from("kontak", each)


def _reminders(reader: StoreReader) -> Iterator[tuple[Kind, Document, str]]:
    """Give the appointments of the day of which patients are reminded today."""
    days = reader.settings.whatsapp_pengingat
    if days <= 0:
        return
    day = (reader.now + timedelta(days=days)).date().isoformat()
    for each in reader.find("Appointment", [("status", "booked"), ("date", day)]):
        people = [e for e in each.get("participant", ()) if e.get("status") != "declined"]
        patient = ids_of([e.get("actor", {}) for e in people], "Patient")
        if patient:
            subject = {"reference": f"Patient/{patient[0]}"}
            moved = {"resourceType": "Appointment", "id": f"{each['id']}|{each.get('start')}"}
            yield "janji", {**each, "subject": subject}, id_from("janji", moved)


def _written(context: Context, kind: Kind, origin: Document, name: str) -> None:
    reader = StoreReader(context)
    asked = pesan_keluar.task_id(origin)
    if reader.read(f"Communication/{name}") or reader.read(f"Task/{asked}"):
        return
    message = _message(context, reader, kind, origin, name)
    if isinstance(message, str):
        recording.make(context, [pesan_keluar.task(origin, message, reader)])
    else:
        recording.make(context, [message])


def _message(
    context: Context, reader: StoreReader, kind: Kind, origin: Document, name: str
) -> Document | str:
    """Write the message for a contact or an appointment; a text says why there is none."""
    patient = id_of(origin["subject"], "Patient") or ""
    number = of_person(reader.read(f"Patient/{patient}") or {})
    sender = _sender(origin, reader)
    if number is None or sender is None:
        return NO_NUMBER if number is None else NO_SENDER
    settings = context.settings
    peer = Peer(number, f"pasien/{patient}", patient)
    reads = settings.whatsapp_penerima or sender
    line = settings.whatsapp_nomor
    thread = thread_with(context, reader, line, peer, reads, reader.now, apart=False)
    if thread.document.pasien not in {None, patient}:
        return SHARED
    about = [{"reference": f"Appointment/{origin['id']}"}] if kind == "janji" else None
    values = pesan_keluar.values({**origin, **({"about": about} if about else {})}, reader)
    written = PesanChat(
        sumber="bridge",
        idPesan=name,
        utas=thread.id,
        arah="keluar",
        waktuKirim=reader.now,
        pengirim=sender,
        penerima=(f"pasien/{patient}",),
        pasien=patient,
        jadwal=origin["id"] if kind == "pemantauan" else None,
        isi=templates.in_words(table(settings)[kind], values),
        kategori=CATEGORY[kind],
        status="menunggu",
    )
    tags: Any = {"meta": {"tag": [{"system": pesan_keluar.ASAL, "code": "bridge"}]}}
    made = whole(pesan_chat.MAPPING, written, name, tags)[f"Communication/{name}"]
    return {**made, "about": about} if about else made


def _sender(origin: Document, reader: StoreReader) -> str | None:
    """Give in whose name it is written: who has the contact, who sees the patient, who reads."""
    actors = [each.get("actor", {}) for each in origin.get("participant", ())]
    named = [origin.get("sender", {}), origin.get("requester", {}), *actors]
    roles = ids_of(named, "PractitionerRole")
    if roles:
        return f"petugas/{roles[0]}"
    return reader.settings.whatsapp_penerima or None
