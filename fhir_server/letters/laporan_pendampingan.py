"""Laporan pendampingan: a student's report, and which bidan has verified it (§1.E E7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.letters import Surat, komposisi
from fhir_server.letters.kata import tanggal
from fhir_server.letters.orang import petugas

if TYPE_CHECKING:
    from fhir_server.letters.berkas import Berkas


def isi(berkas: Berkas) -> dict[str, Any]:
    """Give what the report says, with its verification as the last part."""
    said = komposisi.isi(berkas)
    lines = [
        f"{petugas(berkas, each.get('party'))['nama'] or 'Petugas'}, {tanggal(each.get('time'))}"
        for each in (berkas.komposisi or {}).get("attester", ())
    ]
    seen = {"judul": "Diverifikasi", "narasi": "", "butir": lines, "bagian": []}
    return {**said, "bagian": [*said["bagian"], seen] if lines else said["bagian"]}


SURAT = Surat("komposisi", isi, jenis="laporan-pendampingan")
