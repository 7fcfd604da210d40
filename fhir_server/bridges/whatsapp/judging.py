"""May this message go out now, to which number, and as what: a text or a template.

Asked in this order: is it too late, may the person be written to (Consent), has the person a
number, are these quiet hours, is the window of 24 hours open. What no wait will mend is ``Lost``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.whatsapp import hours, templates, window
from fhir_server.bridges.whatsapp.phone import normalised, of_person
from fhir_server.mappings import persetujuan_pesan, pesan_keluar
from fhir_server.mappings.elements import identifier_of, ids_of
from fhir_server.mappings.pesan_chat import WAMID
from fhir_server.mappings.pihak import JENIS_TYPE
from fhir_server.sop import pihak

if TYPE_CHECKING:
    from datetime import datetime

    from fhir_server.config import Settings
    from fhir_server.mappings import Reader
    from fhir_server.mappings.pesan_keluar import Outgoing
    from fhir_server.resources.wire import Document

NO_NUMBER: Final = "Tidak ada nomor telepon yang dapat dipakai WhatsApp."
REFUSES: Final = "Penerima meminta tidak dikirimi pesan WhatsApp."
NOT_AGREED: Final = "Pasien belum menyetujui dikirimi pesan WhatsApp."
TOO_LATE: Final = "Waktunya sudah lewat sebelum pesan dapat dikirim."
TOO_LONG: Final = "Pesan terlalu panjang untuk WhatsApp; sampaikan dengan cara lain atau bagi dua."
CLOSED: Final = "Jendela 24 jam sudah tertutup sebelum pesan dapat dikirim."
ON_REQUEST: Final = "menyetujui"
UNLESS_REFUSED: Final = "tidak-menolak"


@dataclass(frozen=True, slots=True)
class Letter:
    """What is given to the Graph API, and whose number it goes to."""

    number: str
    party: str
    patient: str | None
    body: dict[str, Any]
    is_template: bool


@dataclass(frozen=True, slots=True)
class Held:
    """Not before this moment."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Lost:
    """It cannot reach the person; ``rule`` names why in one word, ``ask``: staff must know."""

    why: str
    rule: str
    ask: bool = True


def judged(
    message: Document, outgoing: Outgoing, reader: Reader, *, template: bool = False
) -> Letter | Held | Lost:
    """Judge a message as it stands now; ``template``: the window is known to be closed."""
    settings = reader.settings
    if outgoing.over is not None and reader.now > outgoing.over:
        return Lost(TOO_LATE, "terlambat")
    number = _number(outgoing.recipient, reader)
    if (refused := _unwilling(outgoing, number, reader)) is not None:
        return refused
    if number is None:
        return Lost(NO_NUMBER, "nomor")
    if (until := _quiet(outgoing, reader)) is not None:
        return Held(until)
    line = settings.whatsapp_nomor
    if not template and window.is_open(reader, message, line, number):
        return _text(message, outgoing, number, reader)
    return _template(message, outgoing, number, reader)


def _unwilling(outgoing: Outgoing, number: str | None, reader: Reader) -> Lost | None:
    """Respect what the patient, who is written to, or the number has said; a receipt may go."""
    if outgoing.kind == "sistem":
        return None
    found = [*_said_of(outgoing.patient, reader), *_said_from(number, reader)]
    day = reader.now.date()
    word = persetujuan_pesan.last_word(found, outgoing.recipient, day, number)
    if word == "berhenti":
        return Lost(REFUSES, "persetujuan")
    asks = outgoing.patient and reader.settings.whatsapp_persetujuan == ON_REQUEST
    if asks and word is None and not persetujuan_pesan.agreed(found, day):
        return Lost(NOT_AGREED, "persetujuan")
    return None


def _said_of(patient: str | None, reader: Reader) -> list[Document]:
    return reader.find("Consent", [("patient", f"Patient/{patient}")]) if patient else []


def _said_from(number: str | None, reader: Reader) -> list[Document]:
    """Find what was said from a number while nobody knew whose it is."""
    if number is None:
        return []
    return list(reader.find("Consent", [("identifier", f"{persetujuan_pesan.NOMOR}|{number}")]))


def _number(party: str, reader: Reader) -> str | None:
    kind, _, name = party.partition("/")
    if kind == "wa":
        return normalised(name)
    person = reader.read(f"{JENIS_TYPE[kind]}/{name}") if pihak.adalah_warga(party) else None
    return of_person(person) if person and person.get("active") is not False else None


def _quiet(outgoing: Outgoing, reader: Reader) -> datetime | None:
    """Give when it may go: emergencies and the services that never sleep go at any hour."""
    settings = reader.settings
    awake = {each.strip() for each in settings.whatsapp_tenang_kecuali.split(",")}
    if outgoing.urgent or outgoing.kind == "sistem" or outgoing.service in awake:
        return None
    found = hours.quiet(settings.whatsapp_tenang, reader.now.tzinfo)  # type: ignore[arg-type]
    return None if found is None else found.until(reader.now)


def _text(message: Document, outgoing: Outgoing, number: str, reader: Reader) -> Letter | Lost:
    if len(outgoing.text) > templates.LONGEST_TEXT:
        return Lost(TOO_LONG, "panjang")
    said: dict[str, Any] = {"body": outgoing.text, "preview_url": False}
    body = {"to": number, "type": "text", "text": said, **_answered(message, reader)}
    return Letter(number, outgoing.recipient, outgoing.patient, body, is_template=False)


def _template(message: Document, outgoing: Outgoing, number: str, reader: Reader) -> Letter | Lost:
    if outgoing.kind == "sistem":
        return Lost(CLOSED, "jendela", ask=False)
    row = table(reader.settings)[outgoing.kind]
    values = pesan_keluar.values(message, reader)
    if not templates.fits(row, values):
        return Lost(TOO_LONG, "panjang")
    body = {"to": number, "type": "template", "template": templates.body(row, values)}
    return Letter(number, outgoing.recipient, outgoing.patient, body, is_template=True)


def _answered(message: Document, reader: Reader) -> dict[str, Any]:
    """Quote the message that this one answers, if it came by WhatsApp."""
    for each in ids_of(message.get("inResponseTo"), "Communication"):
        quoted = identifier_of(reader.read(f"Communication/{each}") or {}, WAMID)
        if quoted is not None:
            return {"context": {"message_id": quoted}}
    return {}


def table(settings: Settings) -> templates.Table:
    """Give the templates as the operator has them."""
    return templates.load(settings.whatsapp_templat)
