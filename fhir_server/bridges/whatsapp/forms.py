"""The form of the landing page of LAKON (SOP D, channel website) into the same threads and cases.

    {"id": "F-2026-0001", "waktu": "2026-03-02T08:00:00+07:00", "nama": "…", "telepon": "0812…",
     "keluhan": "…", "nik": "16 digits, if given", "darurat": false}

The landing page signs the bytes as Meta does, with a secret of its own. Who filled it in is whoever
has the number; a NIK counts only together with the name under which the patient is registered.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from fhir_server import exchange
from fhir_server.bridges.whatsapp import cases
from fhir_server.bridges.whatsapp.content import said
from fhir_server.bridges.whatsapp.people import Person, who_has
from fhir_server.bridges.whatsapp.phone import normalised
from fhir_server.bridges.whatsapp.threads import Peer, thread_with
from fhir_server.interactions.reader import StoreReader
from fhir_server.mappings.codes import NIK
from fhir_server.sop.pesan_chat import PesanChat

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.mappings import Reader

LINE: Final = "landing-page"
FIELDS: Final = frozenset({"id", "waktu", "nama", "telepon", "keluhan", "nik", "darurat"})
LONGEST: Final = 4000
LONGEST_NAME: Final = 120
_ID: Final = re.compile(r"[A-Za-z0-9._\-]{1,64}")
_NIK: Final = re.compile(r"\d{16}")


class Unreadable(ValueError):
    """The body is no form; the message names the field and what would be right, no content."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it was filled in; ``number`` is normalised."""

    id: str
    moment: datetime
    name: str
    number: str
    complaint: str
    nik: str | None = None
    urgent: bool = False


def read(body: bytes) -> Form:
    """Read a form."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The body is not JSON.") from error
    if not isinstance(given, dict):
        raise Unreadable("The body is not a JSON object.")
    if unknown := sorted(map(str, set(given) - FIELDS)):
        raise Unreadable(f"{unknown[0]} is no field; there are {', '.join(sorted(FIELDS))}.")
    number = normalised(_text(given, "telepon", 40))
    if number is None:
        raise Unreadable("telepon is no telephone number; right: 0812… or +62812….")
    own_id, nik = _text(given, "id", 64), given.get("nik") or None
    if not _ID.fullmatch(own_id):
        raise Unreadable("id must be 1 to 64 letters, digits, '.', '_' or '-'.")
    if nik is not None and not _NIK.fullmatch(str(nik)):
        raise Unreadable("nik must be 16 digits, or be left out.")
    urgent = given.get("darurat", False)
    if not isinstance(urgent, bool):
        raise Unreadable("darurat must be true or false.")
    return Form(
        own_id,
        _moment(given.get("waktu")),
        _text(given, "nama", LONGEST_NAME),
        number,
        _text(given, "keluhan", LONGEST),
        None if nik is None else str(nik),
        urgent,
    )


def receive(context: Context, form: Form, arrived: datetime) -> bool:
    """Store a form as the message of a thread and open its case; False if it was there."""
    reader = StoreReader(context)
    own_id = f"formulir-{hashlib.sha256(form.id.encode()).hexdigest()[:40]}"
    if reader.read(f"Communication/{own_id}") is not None:
        return False
    person = _who(reader, form)
    party = person.party if person else f"wa/{form.number}"
    patient = person.patient if person else None
    settings = context.settings
    reads = settings.whatsapp_penerima or _runs(context)
    peer = Peer(form.number, party, patient)
    moment = min(form.moment, arrived)
    thread = thread_with(context, reader, LINE, peer, reads, moment, channel=LINE)
    case = cases.open_case(reader, person, thread)
    zone = reader.now.tzinfo
    document = PesanChat(
        sumber="webhook",
        idPesan=own_id,
        utas=thread.id,
        arah="masuk",
        waktuKirim=moment.astimezone(zone),
        waktuTerima=arrived.astimezone(zone),
        pengirim=party,
        namaPengirim=form.name if person is None else None,
        penerima=(reads,),
        pasien=patient,
        kasus=case.id if case else None,
        kunjungan=case.consultation if case else None,
        isi=form.complaint,
        kategori="darurat" if form.urgent else "keluhan",
        kanal="landing-page",
    )
    if case is None:
        document = cases.opened(context, document)
    return not exchange.publish(context, "pesan_chat", document, document_id=own_id).replayed


def _who(reader: Reader, form: Form) -> Person | None:
    """Find who filled it in: the one with the number, else the patient of this NIK and name."""
    known = who_has(reader, form.number)
    if known is not None and known.patient is not None:
        return known
    if known is not None or form.nik is None:
        return None  # staff do not fill in forms under their own number; who it is, people decide
    found = reader.find("Patient", [("identifier", f"{NIK}|{form.nik}")])
    named = [each for each in found if each.get("active") is not False and _has_name(each, form)]
    return Person(f"pasien/{named[0]['id']}", named[0]["id"]) if len(named) == 1 else None


def _has_name(patient: dict[str, Any], form: Form) -> bool:
    wanted = _bare(form.name)
    return any(_bare(str(each.get("text", ""))) == wanted for each in patient.get("name", ()))


def _runs(context: Context) -> str:
    runs = context.settings.whatsapp_faskes
    return f"faskes/{runs}" if runs else "faskes/penyelenggara"


def _bare(name: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", name).casefold().split())


def _text(given: dict[str, Any], field: str, longest: int) -> str:
    text = said(given.get(field))
    if text is None or len(text) > longest:
        raise Unreadable(f"{field} must be a text of 1 to {longest} characters.")
    return text


def _moment(given: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(given))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Unreadable("waktu must be like 2026-03-02T08:00:00+07:00.")
    return found
