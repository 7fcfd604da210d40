"""What the data say to the checklist of the chat SOP: questions 1, 3, 4 and 6.

BR-A6, documentation: every contact that took place has at least one Communication with an
encounter and with a Provenance that targets it and says when it occurred. The write road gives
both to what it recognises as a contact (``kontak_pemantauan``); here it is counted whether they are
there. That somebody *recorded* the message (``exchange/origin.py``) is no proof of a contact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.codes import code_system
from fhir_server.mappings.data_pemantauan import rows
from fhir_server.mappings.elements import ids_of
from fhir_server.mappings.laporan_pemantauan_desa import DOKUMEN, JENIS, cases_of, patients_of
from fhir_server.sop.daftar_tilik import (
    nilai_advis,
    nilai_dokumentasi,
    nilai_jadwal,
    nilai_laporan,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document
    from fhir_server.sop.daftar_tilik import Jawaban
    from fhir_server.sop.laporan_pemantauan_desa import BarisLaporan

KATEGORI: Final = code_system("kategori-komunikasi")
STATUS_KONTAK: Final = code_system("status-kontak")
WITHOUT_CONTACT: Final = ("terlewat", "terjadwal")
PAGE: Final = 100


def suggested(
    reader: Reader, desa: str, mulai: date, sampai: date
) -> dict[str, tuple[Jawaban, str]]:
    """Give number of the question → the answer that the data give, and what was found."""
    found = rows(reader, desa, mulai, sampai)
    reports = _reports(reader, desa, mulai, sampai)
    reported = {who for each in reports for who in patients_of(each)}
    return {
        "1": nilai_jadwal(found),
        "3": nilai_laporan([each.pasien for each in found], reported),
        "4": nilai_advis(*_advised(reader, desa, mulai, reports)),
        "6": nilai_dokumentasi(*_documented(reader, found)),
    }


def _reports(reader: Reader, desa: str, mulai: date, sampai: date) -> list[Document]:
    pairs = [
        ("type", f"{DOKUMEN}|{JENIS}"),
        ("desa", desa),
        ("status", "final,amended"),
        ("period", f"ge{mulai}"),
        ("period", f"le{sampai}"),
    ]
    return reader.find("Composition", pairs)


def _advised(
    reader: Reader, desa: str, mulai: date, reports: Sequence[Document]
) -> tuple[int, int]:
    """Count the reports that list a case, and those of them that an advice answers."""
    pairs = [
        ("patient.desa", desa),
        ("category", f"{KATEGORI}|advis-dokter"),
        ("status", "in-progress,completed"),
        ("sent", f"ge{mulai}"),
    ]
    wanting = [each for each in reports if cases_of(each)]
    advices = reader.find("Communication", pairs) if wanting else []
    about = {name for each in advices for name in ids_of(each.get("about"), "Composition")}
    cases = {name for each in advices for name in ids_of(each.get("basedOn"), "Task")}
    answered = [r for r in wanting if r["id"] in about or cases.intersection(cases_of(r))]
    return len(wanting), len(answered)


def _documented(reader: Reader, found: Sequence[BarisLaporan]) -> tuple[int, int]:
    """Count the contacts that took place, and those of them that are documented (BR-A6)."""
    contacts = [
        kontak.pesan
        for each in found
        for kontak in each.kontak
        if kontak.hasil not in WITHOUT_CONTACT
    ]
    messages = sorted({each for pesan in contacts for each in pesan})
    known: set[str] = set()
    for start in range(0, len(messages), PAGE):
        some = messages[start : start + PAGE]
        in_a_visit = {
            each["id"]
            for each in reader.find("Communication", [("_id", ",".join(some))])
            if each.get("encounter")
        }
        targets = ",".join(f"Communication/{each}" for each in some)
        proven = {
            name
            for each in reader.find("Provenance", [("target", targets)])
            if each.get("occurredDateTime") or each.get("occurredPeriod")
            for name in ids_of(each.get("target"), "Communication")
        }
        known |= in_a_visit & proven
    return len(contacts), sum(bool(known.intersection(pesan)) for pesan in contacts)
