"""The LAKON case a complaint belongs to: the one that is open, or a new one by rule (SOP D5).

A new one is opened for a known patient only, in the name of whoever runs the number
(FHIR_WHATSAPP_FASKES). Who is not known stays a number until staff say who it is.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from fhir_server import exchange
from fhir_server.bridges.whatsapp.numbers import parts
from fhir_server.interactions.reader import StoreReader
from fhir_server.mappings import part_id
from fhir_server.mappings.codes import CANONICAL
from fhir_server.mappings.elements import id_of, instant_of
from fhir_server.mappings.konsultasi_alur import is_lakon
from fhir_server.mappings.konsultasi_daring import KONSULTASI
from fhir_server.mappings.tugas_lakon import OPEN, TUGAS
from fhir_server.sop.kasus_konsultasi import KasusKonsultasi

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fhir_server.bridges.whatsapp.people import Person
    from fhir_server.bridges.whatsapp.threads import Thread
    from fhir_server.context import Context
    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document
    from fhir_server.sop.pesan_chat import PesanChat

NO_WORDS: Final = "(tanpa teks; lihat lampiran)"


class Case(NamedTuple):
    """The LAKON case to which a message belongs, its consultation, and since when it is open."""

    id: str
    consultation: str | None
    begun: datetime | None = None


def open_case(reader: Reader, person: Person | None, thread: Thread) -> Case | None:
    """Give the case of the thread, or the one LAKON case that the patient has open."""
    known = thread.document
    if known.kasus is not None:
        return Case(known.kasus, known.kunjungan)
    return open_case_of(reader, person.patient) if person and person.patient else None


def open_case_of(reader: Reader, patient: str) -> Case | None:
    """Give the one LAKON case that a patient has open."""
    cases = [each for each in _cases(reader, patient) if each.get("status") in OPEN]
    if len(cases) != 1:
        return None
    visit = id_of(cases[0].get("encounter"), "Encounter")
    return Case(cases[0]["id"], visit, instant_of(cases[0].get("authoredOn")))


def without_any(reader: Reader, patients: Sequence[str]) -> set[str]:
    """Give those patients who never had a case."""
    found = set(patients)
    for some in parts(patients):
        subjects = ",".join(f"Patient/{each}" for each in some)
        pairs = [("patient", subjects), ("code", f"{TUGAS}|konsultasi-daring")]
        found -= {id_of(each.get("for"), "Patient") for each in reader.find("Task", pairs)}
    return found


def _cases(reader: Reader, patient: str) -> list[Document]:
    pairs = [("patient", f"Patient/{patient}"), ("code", f"{TUGAS}|konsultasi-daring")]
    return [each for each in reader.find("Task", pairs) if is_lakon(each, CANONICAL)]


def opened(context: Context, message: PesanChat) -> PesanChat:
    """Open the case of a complaint that belongs to none, and give the message as part of it.

    Its id is made of the patient and how many cases she had, so two messages at once open one.
    """
    faskes = context.settings.whatsapp_faskes
    if not faskes or message.pasien is None or message.pengirim is None:
        return message
    reader = StoreReader(context)
    before = _cases(reader, message.pasien)
    if any(each.get("status") in OPEN for each in before):  # of several staff say which it is
        one = open_case_of(reader, message.pasien)
        return replace(message, kasus=one.id, kunjungan=one.consultation) if one else message
    mark = hashlib.sha256(f"{message.pasien}|{len(before)}".encode()).hexdigest()
    own_id = f"kasus-{mark[:32]}"
    case = KasusKonsultasi(
        sumber=message.sumber,
        noKasus=f"LK-{message.waktuKirim:%Y%m%d}-{mark[:8].upper()}",
        layanan="lakon",
        faskes=faskes,
        pasien=message.pasien,
        pemohon=message.pengirim,
        kanal=message.kanal,
        keluhan=message.isi or NO_WORDS,
        diajukan=message.waktuKirim,
        penanggungJawab=context.settings.lakon_penanggung_jawab or None,
    )
    exchange.publish(context, "kasus_konsultasi", case, document_id=own_id)
    return replace(message, kasus=own_id, kunjungan=part_id(own_id, KONSULTASI))
