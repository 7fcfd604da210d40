"""A message that came by the webhook, into the store by the road of every SOP document.

What follows from it (a case, a proposal to escalate, a reading) follows on the write road, as for
every other message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server import exchange
from fhir_server.bridges.whatsapp import cases, content, media, numbers
from fhir_server.bridges.whatsapp.threads import thread_of
from fhir_server.interactions.reader import StoreReader
from fhir_server.mappings import persetujuan_pesan
from fhir_server.sop.pesan_chat import PesanChat

if TYPE_CHECKING:
    from datetime import datetime

    from fhir_server.bridges.whatsapp.cases import Case
    from fhir_server.bridges.whatsapp.cloud import Incoming
    from fhir_server.bridges.whatsapp.foresight import Seen
    from fhir_server.bridges.whatsapp.people import Person
    from fhir_server.bridges.whatsapp.threads import Thread
    from fhir_server.context import Context
    from fhir_server.mappings import Reader
    from fhir_server.sop.pesan_chat import KategoriPesan

NO_WORDS: Final = frozenset({"reaction", "system"})
"""Types with which nobody says how he is: they answer no contact and open no case."""


def receive(context: Context, message: Incoming, arrived: datetime, seen: Seen) -> bool:
    """Store a message, unless it is there; False if it was. ``seen``: what is known already."""
    reader = StoreReader(context)
    if seen.is_there(reader, message.number):
        return False
    person = seen.who_has(reader, message.sender)
    reads = context.settings.whatsapp_penerima or f"wa/{message.line.number}"
    thread = thread_of(context, reader, message, person, reads, seen.threads)
    case = _case(reader, person, thread, seen)
    document = _document(reader, message, arrived, person, thread, reads, case)
    own_id = numbers.id_of_number(message.number)
    if _complains(message, document):
        document = cases.opened(context, document)
        seen.without_case.discard(document.pasien or "")
    stored = exchange.publish(context, "pesan_chat", document, document_id=own_id)
    media.note(context, own_id, document.lampiran)
    return not stored.replayed


def _is_staff(person: Person | None) -> bool:
    return person is not None and person.patient is None and person.party.startswith("petugas/")


def _case(reader: Reader, person: Person | None, thread: Thread, seen: Seen) -> Case | None:
    """Give the case to which a message belongs; staff's belong to none."""
    has_none = person is not None and person.patient in seen.without_case
    if _is_staff(person) or (has_none and thread.document.kasus is None):
        return None
    return cases.open_case(reader, person, thread)


def _complains(message: Incoming, document: PesanChat) -> bool:
    """Tell whether somebody says of his own accord, in the service of LAKON, how he is."""
    own = document.arah == "masuk" and message.quoted is None and document.kasus is None
    return own and document.kategori == "keluhan"


def _document(  # noqa: PLR0913, PLR0917 - what a message is made of
    reader: Reader,
    message: Incoming,
    arrived: datetime,
    person: Person | None,
    thread: Thread,
    reads: str,
    case: Case | None,
) -> PesanChat:
    text, attachments = content.read(message.kind, message.content)
    zone, staff = reader.now.tzinfo, _is_staff(person)
    asks = persetujuan_pesan.asked(text, reader.settings) is not None
    return PesanChat(
        sumber="webhook",
        idPesan=message.number,
        utas=thread.id,
        arah="internal" if staff else "masuk",
        waktuKirim=message.moment.astimezone(zone),
        waktuTerima=max(arrived, message.moment).astimezone(zone),
        pengirim=person.party if person else f"wa/{message.sender}",
        namaPengirim=_name(message) if person is None else None,
        penerima=(reads,),
        pasien=person.patient if person else None,
        kasus=case.id if case else None,
        kunjungan=case.consultation if case else None,
        isi=text,
        lampiran=attachments,
        kategori="sistem" if asks else _category(message, thread, case, staff=staff),
        **_quoted(reader, message),
    )


def _name(message: Incoming) -> str | None:
    return None if message.name == message.sender else content.said(message.name)


def _quoted(reader: Reader, message: Incoming) -> dict[str, Any]:
    """Name the message that this one answers: itself if it is here, else its number."""
    if message.quoted is None:
        return {}
    there = numbers.find(reader, message.quoted)
    return {"balasanDari": there["id"]} if there else {"nomorBalasan": message.quoted}


def _category(
    message: Incoming, thread: Thread, case: Case | None, *, staff: bool
) -> KategoriPesan:
    if message.kind in NO_WORDS:
        return "sistem"
    if staff:
        return "lainnya"
    if thread.document.layanan == "pemantauan":
        return "pemantauan"
    return "keluhan" if case is not None or thread.document.layanan == "lakon" else "lainnya"
