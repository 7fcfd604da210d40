"""Consent to be sent messages: who asked by chat to be left alone, or to be written to again.

A live message that is nothing but such a word becomes a PersetujuanPasien in the transaction of
the message, and is confirmed once. The patient's word holds for whoever is written to about her,
that of family for itself. From a number that is nobody's, or several people's, it becomes a Consent
of the number, which holds for whoever has that number later: nobody is invented for it. The last
word counts; of two at one moment, the refusal.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.mappings import persetujuan_pasien as consents
from fhir_server.mappings.akibat_pesan import text_of
from fhir_server.mappings.codes import ACT_CODE, CANONICAL, code_system, sid, structure
from fhir_server.mappings.consequence import id_from, whole
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import code_of, day_of, id_of, instant_of
from fhir_server.mappings.pesan_chat import ARAH, PESAN, PRESISI
from fhir_server.mappings.pihak import is_public, parties_of, party_of
from fhir_server.mappings.rules import has_code
from fhir_server.sop import pihak
from fhir_server.sop.persetujuan_pasien import PersetujuanPasien, berlaku

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fhir_server.config import Settings
    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

Word = Literal["berhenti", "mulai"]
JENIS: Final = "pesan-whatsapp"
ALSO: Final = "telekonsultasi"
"""Who agreed to be consulted by chat has agreed to be written to."""
LONGEST: Final = 40
SAID: Final = ("in-progress", "completed")
NOMOR: Final = sid("persetujuan-nomor")
"""Whose value is the telephone number that a Consent of no patient is about."""
ASAL: Final = code_system("asal-data")
KOMUNIKASI: Final = code_system("kategori-komunikasi")
STATE: Final[dict[Word, Any]] = {"berhenti": "ditolak", "mulai": "diberikan"}
CONFIRMED: Final[dict[Word, str]] = {
    "berhenti": "Baik, Anda tidak akan dikirimi pesan lagi. Balas {mulai} bila ingin menerima "
    "pesan kembali. Bila gawat, segera ke IGD terdekat atau hubungi 119.",
    "mulai": "Baik, Anda akan menerima pesan kembali. Balas {berhenti} untuk berhenti.",
}


def asked(text: str | None, settings: Settings) -> Word | None:
    """Tell what a whole message asks for: BR-W3's spirit, a word within a sentence asks nothing."""
    if text is None or len(text) > LONGEST:
        return None
    said = _bare(text)
    if said in _words(settings.whatsapp_berhenti):
        return "berhenti"
    return "mulai" if said in _words(settings.whatsapp_mulai) else None


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give the effect for the code systems below a canonical base."""
    base = canonical.rstrip("/")
    origin, numbers = f"{base}/CodeSystem/asal-data", f"{base}/sid/wa-id"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        if document.get("status") not in SAID or not _may_say(document.get("sender"), numbers):
            return False
        tags = document.get("meta", {}).get("tag", ())
        live = any(e.get("system") == origin and e.get("code") == "webhook" for e in tags)
        return live and 0 < len(text_of(document) or "") <= LONGEST

    return (Effect("persetujuan pesan", frozenset({"Communication"}), applies, follow),)


def follow(messages: Sequence[Document], reader: Reader) -> Consequences:
    """Write down what each message asks for, once, and confirm it."""
    made: dict[str, Document] = {}
    for each in messages:
        word, own_id = asked(text_of(each), reader.settings), id_from("pesan", each)
        patient = id_of(each.get("subject"), "Patient")
        number = number_of(each.get("sender"))
        if word is None or reader.read(f"Consent/{own_id}") is not None:
            continue
        if patient is not None:
            made |= _consent(each, patient, word, own_id, reader)
        elif number is not None:
            made[f"Consent/{own_id}"] = _of_number(each, number, word, own_id, reader)
        else:
            continue
        if reader.settings.whatsapp_token and reader.settings.whatsapp_nomor:
            answer = _confirmation(each, word, f"{own_id}-jawab", reader)
            made[f"Communication/{answer['id']}"] = answer
    return Consequences(made)


def number_of(sender: Document | None) -> str | None:
    """Give the number of a sender of whom nothing else is known."""
    kind, _, number = (party_of(sender) or "").partition("/")
    return number if kind == "wa" else None


def last_word(
    found: Iterable[Document], recipient: str, day: date, number: str | None = None
) -> Word | None:
    """Give what was last said about messages to a recipient (``pasien/siti``); None if nothing.

    ``number`` is where the recipient would be written to: what was said from it alone counts too.
    """
    heard = {recipient, f"wa/{number}"}
    said = [
        (_when(each), _refuses(each), each)
        for each in found
        if _is_about_messages(each) and _speaks_for(each, heard)
    ]
    if not said:
        return None
    _, refuses, last = max(said, key=lambda one: one[:2])
    return "berhenti" if refuses else "mulai" if _holds(last, day) else None


def agreed(found: Iterable[Document], day: date) -> bool:
    """Say whether the patient agreed to be consulted from afar, which is by chat."""
    kinds = f"{CANONICAL}/CodeSystem/jenis-persetujuan"
    return any(
        _holds(each, day) and any(has_code(c, kinds, ALSO) for c in each.get("category", ()))
        for each in found
    )


def _consent(
    message: Document, patient: str, word: Word, own_id: str, reader: Reader
) -> dict[str, Document]:
    who = party_of(message.get("sender")) or f"pasien/{patient}"
    at = instant_of(message.get("sent")) or reader.now
    person = reader.read(f"Patient/{patient}") or {}
    where = id_of(person.get("managingOrganization"), "Organization")
    document = PersetujuanPasien(
        sumber="webhook",
        faskes=where or reader.settings.whatsapp_faskes or pihak.jenis(who),
        pasien=patient,
        jenis=JENIS,
        status=STATE[word],
        waktu=at,
        mulai=at.astimezone(reader.now.tzinfo).date(),
        oleh=who,
    )
    made = whole(consents.MAPPING, document, own_id, message)
    if not where and not reader.settings.whatsapp_faskes:  # nobody to name: no profile of ours
        made = {name: _nobodys(each) for name, each in made.items()}
    return made


def _may_say(sender: Document | None, numbers: str) -> bool:
    """Tell whether the public wrote: the patient, family, or a number of whom nothing is known."""
    known = (sender or {}).get("identifier", {})
    return is_public(sender) or (
        "reference" not in (sender or {}) and known.get("system") == numbers
    )


def _of_number(message: Document, number: str, word: Word, own_id: str, reader: Reader) -> Document:
    """Write what a number asked for: a Consent of no patient, found by the number."""
    at = instant_of(message.get("sent")) or reader.now
    refused, kind = word == "berhenti", {"coding": [{"system": consents.JENIS, "code": JENIS}]}
    where = reader.settings.whatsapp_faskes
    written: Document = {
        "resourceType": "Consent",
        "id": own_id,
        "meta": {"tag": message.get("meta", {}).get("tag")},
        "identifier": [{"system": NOMOR, "value": number}],
        "status": consents.STATUS[STATE[word]],
        "scope": kind,
        "category": [kind],
        "dateTime": at.astimezone(reader.now.tzinfo).isoformat(),
        "performer": [message["sender"]],
        "organization": [{"reference": f"Organization/{where}"}] if where else None,
        "policyRule": {"coding": [{"system": ACT_CODE, "code": "OPTOUT" if refused else "OPTIN"}]},
        "provision": {
            "type": "deny" if refused else "permit",
            "period": {"start": at.astimezone(reader.now.tzinfo).date().isoformat()},
        },
    }
    return {key: each for key, each in written.items() if each}


def _nobodys(consent: Document) -> Document:
    meta = {key: each for key, each in consent["meta"].items() if key != "profile"}
    return {key: each for key, each in {**consent, "meta": meta}.items() if key != "organization"}


def _confirmation(message: Document, word: Word, own_id: str, reader: Reader) -> Document:
    settings = reader.settings
    text = CONFIRMED[word].format(
        berhenti=settings.whatsapp_berhenti.partition(",")[0],
        mulai=settings.whatsapp_mulai.partition(",")[0],
    )
    written: Document = {
        "resourceType": "Communication",
        "id": own_id,
        "meta": {
            "profile": [structure("PesanChat")],
            "tag": [{"system": ASAL, "code": "bridge"}],
        },
        "extension": [
            {"url": ARAH, "valueCode": "keluar"},
            {"url": PRESISI, "valueCode": "detik"},
        ],
        "identifier": [{"system": PESAN, "value": own_id}],
        "partOf": message.get("partOf"),
        "inResponseTo": [{"reference": f"Communication/{message['id']}"}],
        "status": "preparation",
        "category": [{"coding": [{"system": KOMUNIKASI, "code": "sistem"}]}],
        "medium": message.get("medium"),
        "subject": message.get("subject"),
        "sent": reader.now.isoformat(),
        "recipient": [message["sender"]],
        "payload": [{"contentString": text}],
    }
    return {key: each for key, each in written.items() if each}


def _is_about_messages(consent: Document) -> bool:
    wrong = consents.state_of(consent) == "salah-entri"
    return not wrong and code_of(consent.get("category"), consents.JENIS) == JENIS


def _when(consent: Document) -> datetime:
    """Give when it was said; a day alone begins, and what has no date was said first of all."""
    text = consent.get("dateTime")
    day = day_of(text) or date.min
    return instant_of(text) or datetime(day.year, day.month, day.day, tzinfo=UTC)


def _speaks_for(consent: Document, heard: set[str]) -> bool:
    by = parties_of(consent.get("performer"))
    return not by or any(pihak.jenis(each) == "pasien" for each in by) or not heard.isdisjoint(by)


def _refuses(consent: Document) -> bool:
    denied = consent.get("provision", {}).get("type") == "deny"
    return denied or consents.state_of(consent) in {"ditolak", "dicabut"}


def _holds(consent: Document, day: date) -> bool:
    span = consent.get("provision", {}).get("period", {})
    state = consents.state_of(consent)
    return berlaku(state, day_of(span.get("start")), day_of(span.get("end")), day)


def _words(setting: str) -> set[str]:
    return {_bare(each) for each in setting.split(",")} - {""}


def _bare(text: str) -> str:
    """Leave letters, digits and single spaces, whatever the case."""
    return " ".join(re.sub(r"[^\w\s]|_", " ", text).casefold().split())
