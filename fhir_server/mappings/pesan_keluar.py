"""Messages that are to go out: which Communication asks for it, with what words, and what became.

Whatever is to be sent is a Communication in ``preparation`` to the patient or family: written by
staff, by a doctor as advice (BR-D7: only once it is approved), or by the server itself when a
planned contact or an appointment is near. When it has gone it is ``in-progress``; when it cannot
reach anybody it is ``not-done``, and a Task asks staff to reach the person in another way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.mappings.akibat_pesan import text_of
from fhir_server.mappings.codes import CANONICAL, code_system
from fhir_server.mappings.consequence import id_from
from fhir_server.mappings.elements import code_of, id_of, identifier_of, ids_of, instant_of
from fhir_server.mappings.konsultasi_alur import is_advice, is_lakon
from fhir_server.mappings.medium import MEDIUM, MODE
from fhir_server.mappings.percakapan_konsultasi import LAYANAN
from fhir_server.mappings.pesan_chat import WAMID
from fhir_server.mappings.pihak import WA_ID, is_public, party_of
from fhir_server.mappings.rules import has_code, local

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

Kind = Literal["pemantauan", "advis", "darurat", "janji", "pesan", "sistem"]
WAITS: Final = "preparation"
KOMUNIKASI: Final = code_system("kategori-komunikasi")
TUGAS: Final = code_system("jenis-tugas")
ASAL: Final = code_system("asal-data")
UNIT: Final = code_system("unit-layanan")
WHATSAPP: Final = "whatsapp"
CHANNELS: Final = frozenset({WHATSAPP, "landing-page"})
"""Who filled in the form of the landing page left a number and no other way back."""
OPEN: Final = frozenset({"requested", "received", "accepted", "ready", "in-progress", "on-hold"})
MONTHS: Final = (
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
)
DAYS: Final = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that is to go out, read from its Communication.

    ``recipient`` is a party (``pasien/siti``, ``keluarga/…``, ``wa/628…``), ``service`` that of its
    thread, ``over``: from when on it makes no sense any more.
    """

    kind: Kind
    recipient: str
    patient: str | None
    text: str
    urgent: bool
    service: str | None
    over: datetime | None


def asks_to_go(document: Document, canonical: str) -> bool:
    """Say whether a resource, as it is written, is a message that WhatsApp is to carry. Cheap."""
    if document.get("resourceType") != "Communication" or document.get("status") != WAITS:
        return False
    advice = is_advice(document, canonical)
    if not (advice or any(map(_may_be_written_to, document.get("recipient", ())))):
        return False
    channel = f"{canonical}/CodeSystem/medium-komunikasi"
    by_chat = any(has_code(each, channel, WHATSAPP) for each in document.get("medium", ()))
    return by_chat or ("medium" not in document and (advice or _is_emergency(document)))


def released(document: Document, canonical: str) -> str | None:
    """Give the message (``Communication/x``) that an approval, as it is written, lets go."""
    if document.get("resourceType") != "Task" or document.get("status") != "completed":
        return None
    kinds = f"{canonical}/CodeSystem/jenis-tugas"
    approves = has_code(document.get("code"), kinds, "persetujuan-advis")
    return local(document.get("focus"), "Communication") if approves else None


def read(message: Document, reader: Reader) -> Outgoing | None:
    """Read what is to go out; None if nothing is, or WhatsApp is not to carry it."""
    text, recipient = text_of(message), _recipient(message)
    if message.get("status") != WAITS or text is None or recipient is None:
        return None
    thread = _thread(message, reader)
    channel = code_of(message.get("medium") or thread.get("medium"), MEDIUM)
    if channel not in {*CHANNELS, None}:
        return None
    kind = _kind(message)
    patient = id_of(message.get("subject"), "Patient")
    return Outgoing(
        kind,
        recipient,
        patient,
        text,
        urgent=message.get("priority") == "stat" or kind == "darurat",
        service=code_of(thread.get("category"), LAYANAN) or _service_of_case(message, reader),
        over=_over(message, kind, reader),
    )


def is_approved(message: Document, reader: Reader) -> bool:
    """Say whether an advice may go out (BR-D7); only LAKON asks for an approval."""
    if not is_advice(message, CANONICAL):
        return True
    pairs = [
        ("focus", f"Communication/{message['id']}"),
        ("code", f"{TUGAS}|persetujuan-advis"),
    ]
    decisions = {each.get("status") for each in reader.find("Task", pairs)}
    return "completed" in decisions or (
        not decisions and _service_of_case(message, reader) != "lakon"
    )


def values(message: Document, reader: Reader) -> dict[str, str]:
    """Give what the parameters of a template may say of a message."""
    subject = reader.read(message.get("subject", {}).get("reference", "Patient/-")) or {}
    own = {"nama": _name(subject) or "Bapak/Ibu", "isi": text_of(message) or ""}
    sender = next(iter(ids_of([message.get("sender", {})], "PractitionerRole")), None)
    role = (reader.read(f"PractitionerRole/{sender}") if sender else None) or {}
    person = id_of(role.get("practitioner"), "Practitioner")
    who = (reader.read(f"Practitioner/{person}") if person else None) or {}
    where = _organization(message, role, subject, reader)
    own |= {"faskes": where, "petugas": _name(who) or f"petugas {where}"}
    appointment = _appointment(message, reader)
    return own if appointment is None else own | _of_appointment(appointment, reader)


def gone(message: Document, number: str, at: datetime) -> Document:
    """Give a message as it is once WhatsApp has taken it under a number (wamid).

    What is known of that number already stays: its statuses may have been faster.
    """
    if identifier_of(message, WAMID) == number and message.get("status") != WAITS:
        return message
    others = [e for e in message.get("identifier", ()) if e.get("system") != WAMID]
    coding = [{"system": MODE, "code": "WRITTEN"}, {"system": MEDIUM, "code": WHATSAPP}]
    went = {
        **message,
        "identifier": [*others, {"system": WAMID, "value": number}],
        "medium": message.get("medium") or [{"coding": coding}],
        "sent": at.replace(microsecond=0).isoformat(),  # WhatsApp's own times have no more
    }
    if went.get("status") in {WAITS, "not-done", "on-hold"}:
        went["status"] = "in-progress"
        went.pop("statusReason", None)
    return went


def lost(message: Document, why: str) -> Document:
    """Give a message as it is when nobody can be reached by it."""
    return {**message, "status": "not-done", "statusReason": {"text": why}}


def task_id(message: Document) -> str:
    """Give the id of the Task that asks staff to reach somebody in another way."""
    return id_from("hubungi", message)


def task(message: Document, why: str, reader: Reader) -> Document:
    """Ask whoever wrote a message, or who reads the clinic's number, to reach the person.

    Of a contact or an appointment for which no message could be written, these stand for it.
    """
    sender = message.get("sender", {})
    role = id_of(sender, "PractitionerRole")
    asked = {"reference": f"PractitionerRole/{role}"} if role else reads(reader)
    now = reader.now.isoformat()
    written: Document = {
        "resourceType": "Task",
        "id": task_id(message),
        "status": "requested",
        "intent": "order",
        "priority": "stat" if message.get("priority") == "stat" else "routine",
        "code": {"coding": [{"system": TUGAS, "code": "hubungi-pasien"}]},
        "focus": {"reference": f"{message['resourceType']}/{message['id']}"},
        "for": message.get("subject"),
        "encounter": message.get("encounter"),
        "authoredOn": now,
        "lastModified": now,
        "owner": asked,
        "reasonCode": {"text": why},
    }
    return {key: each for key, each in written.items() if each}


def settled(stands: Document, why: str, now: datetime) -> Document:
    """Close such a Task: the message arrived all the same."""
    return {
        **stands,
        "status": "cancelled",
        "statusReason": {"text": why},
        "lastModified": now.isoformat(),
    }


def in_indonesian(moment: datetime, zone: tzinfo | None) -> str:
    """Write a moment as patients read it: ``Senin, 20 Mei 2024 pukul 08.00``."""
    here = moment.astimezone(zone)
    day = f"{DAYS[here.weekday()]}, {here.day} {MONTHS[here.month - 1]} {here.year}"
    return f"{day} pukul {here:%H.%M}"


def _may_be_written_to(recipient: Document) -> bool:
    by_number = recipient.get("identifier", {}).get("system", "").endswith("/sid/wa-id")
    return is_public(recipient) or by_number


def _is_emergency(message: Document) -> bool:
    return message.get("priority") == "stat" and "payload" in message


def _recipient(message: Document) -> str | None:
    """Give who is written to: the first of the public; an advice for nobody is the patient's."""
    named = [each for each in message.get("recipient", ()) if _may_be_written_to(each)]
    if named:
        number = named[0].get("identifier", {})
        if number.get("system") == WA_ID and "reference" not in named[0]:
            return f"wa/{number.get('value')}"
        return party_of(named[0])
    for_all = not message.get("recipient") and is_advice(message, CANONICAL)
    return party_of(message.get("subject")) if for_all else None


def _kind(message: Document) -> Kind:
    if is_advice(message, CANONICAL):
        return "advis"
    if code_of(message.get("category"), KOMUNIKASI) == "sistem":
        return "sistem"
    if message.get("priority") == "stat":
        return "darurat"
    if ids_of(message.get("about"), "Appointment"):
        return "janji"
    tags = message.get("meta", {}).get("tag", ())
    ours = any(each.get("system") == ASAL and each.get("code") == "bridge" for each in tags)
    planned = ids_of(message.get("basedOn"), "CommunicationRequest")
    return "pemantauan" if ours and planned else "pesan"


def _thread(message: Document, reader: Reader) -> Document:
    names = ids_of(message.get("partOf"), "Communication")
    return (reader.read(f"Communication/{names[0]}") if names else None) or {}


def _service_of_case(message: Document, reader: Reader) -> str | None:
    for each in ids_of(message.get("basedOn"), "Task"):
        case = reader.read(f"Task/{each}")
        if case is not None and is_lakon(case, CANONICAL):
            return "lakon"
    visit = id_of(message.get("encounter"), "Encounter")
    stands = reader.read(f"Encounter/{visit}") if visit else None
    return code_of((stands or {}).get("type"), LAYANAN)


def _over(message: Document, kind: Kind, reader: Reader) -> datetime | None:
    """Give when a message is too late: a planned contact after its day, a reminder at its time."""
    if kind == "janji":
        return instant_of((_appointment(message, reader) or {}).get("start"))
    sent = instant_of(message.get("sent"))
    if kind != "pemantauan" or sent is None:
        return None
    here = sent.astimezone(reader.now.tzinfo)
    return here.replace(hour=23, minute=59, second=59, microsecond=999_999)


def _appointment(message: Document, reader: Reader) -> Document | None:
    names = ids_of(message.get("about"), "Appointment")
    return reader.read(f"Appointment/{names[0]}") if names else None


def _of_appointment(appointment: Document, reader: Reader) -> dict[str, str]:
    start = instant_of(appointment.get("start"))
    actors = [each.get("actor", {}) for each in appointment.get("participant", ())]
    place = next(iter(ids_of(actors, "Location")), None)
    where = (reader.read(f"Location/{place}") if place else None) or {}
    unit = code_of(appointment.get("serviceType"), UNIT)
    return {
        "layanan": (unit or "kesehatan").replace("-", " "),
        "waktu": in_indonesian(start, reader.now.tzinfo) if start else "waktu yang disepakati",
        "tempat": where.get("name") or "puskesmas",
    }


def _organization(message: Document, role: Document, subject: Document, reader: Reader) -> str:
    candidates: tuple[Any, ...] = (
        message.get("sender"),
        role.get("organization"),
        subject.get("managingOrganization"),
    )
    for each in candidates:
        name = id_of(each, "Organization")
        found = reader.read(f"Organization/{name}") if name else None
        if found and found.get("name"):
            return str(found["name"])
    return "puskesmas"


def _name(person: Document) -> str | None:
    for each in person.get("name", ()):
        parts = [*each.get("given", ()), each.get("family")]
        found: str = each.get("text") or " ".join(filter(None, parts))
        if found:
            return found
    return None


def reads(reader: Reader) -> Document | None:
    """Name who reads what comes to the number of the clinic, as a Reference."""
    kind, _, name = reader.settings.whatsapp_penerima.partition("/")
    types = {"petugas": "PractitionerRole", "tim": "CareTeam", "faskes": "Organization"}
    return {"reference": f"{types[kind]}/{name}"} if kind in types and name else None
