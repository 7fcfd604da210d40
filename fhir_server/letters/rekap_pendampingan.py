"""Rekap pendampingan: the table of its numbers, and whose reports it rests on (§1.E E8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.letters import Surat, komposisi
from fhir_server.letters.kata import tanggal
from fhir_server.letters.orang import nama, petugas

if TYPE_CHECKING:
    from fhir_server.letters.berkas import Berkas
    from fhir_server.resources.wire import Document

NUMBERS: Final = "Hitungan"
REPORTS: Final = "Laporan mahasiswa"


def isi(berkas: Berkas) -> dict[str, Any]:
    """Give what the recapitulation says; its numbers once, as a table."""
    said = komposisi.isi(berkas)
    parts = [
        {**each, "butir": []} if each["judul"] == NUMBERS and each["narasi"] else each
        for each in said["bagian"]
    ]
    reports = _reports(berkas)
    listed = {"judul": REPORTS, "narasi": "", "butir": reports, "bagian": []}
    return {**said, "bagian": [*parts, listed] if reports else parts}


def _reports(berkas: Berkas) -> list[str]:
    lines = []
    for section in (berkas.komposisi or {}).get("section", ()):
        for entry in section.get("entry", ()):
            report = berkas.baca(entry)
            if report.get("resourceType") == "Composition":
                lines.append(_report(berkas, report))
    return lines


def _report(berkas: Berkas, report: Document) -> str:
    """Name a report, its student and her client, as far as the reader may see them."""
    author = next(iter(report.get("author", ())), None)
    people = (
        ("mahasiswa", petugas(berkas, author)["nama"]),
        ("klien", nama(berkas.baca(report.get("subject")))),
    )
    words = (f"{kind} {name}" for kind, name in people if name)
    return ", ".join([report.get("title", "Laporan"), tanggal(report.get("date")), *words])


SURAT = Surat("komposisi", isi, jenis="rekap")
