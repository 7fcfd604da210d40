"""Rekap pendampingan: the table of its numbers, and whose reports it rests on (§1.E E8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.letters import Surat, komposisi
from fhir_server.letters.kata import tanggal

if TYPE_CHECKING:
    from fhir_server.letters.berkas import Berkas

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
                lines.append(f"{report.get('title', 'Laporan')}, {tanggal(report.get('date'))}")
    return lines


SURAT = Surat("komposisi", isi, jenis="rekap")
