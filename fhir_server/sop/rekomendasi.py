"""Rekomendasi: what the examiner recommends once the results are back (domain §1.C C6, C7).

Physiotherapy and a stay in the ward rest on one of these.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator

Anjuran = Literal[
    "pulang", "obat", "kontrol-ulang", "pemeriksaan-ulang", "fisioterapi", "rawat-inap", "rujuk"
]


@dokumen
class Rekomendasi(Dokumen):
    """Rekomendasi tindak lanjut pemeriksa."""

    pasien: str = bidang("Pasien", "§1.C C6", rujuk="pasien", contoh="karto", cari=True)
    kunjungan: str = bidang(
        "Kunjungan", "§1.C C6", rujuk="kunjungan", contoh="kunjungan-s9", cari=True
    )
    pemeriksa: str = bidang(
        "Pemeriksa", "§1.C C6", rujuk="petugas-kesehatan", contoh="dokter-dewasa", cari=True
    )
    waktu: datetime = bidang("Waktu", "§1.C C6", contoh="2024-05-13T10:15:00+07:00", terjadi=True)
    simpulan: str = bidang("Simpulan", "§1.C C6", contoh="Nyeri lutut karena osteoartritis")
    anjuran: tuple[Anjuran, ...] = bidang(
        "Anjuran", "§1.C C6, C7", kode="anjuran-tindak-lanjut", contoh=["fisioterapi"]
    )
    hasil: tuple[str, ...] = bidang(
        "Hasil lab yang mendasari", "§1.C C6", default=(), rujuk="hasil-lab"
    )
    diagnosis: tuple[str, ...] = bidang("Diagnosis", "§1.C C6", default=(), rujuk="kondisi")


def periksa(rekomendasi: Rekomendasi) -> Iterator[Teguran]:
    """Find what one recommendation can get wrong."""
    if not rekomendasi.anjuran:
        yield Teguran("anjuran", "kosong.", "paling sedikit satu anjuran.", "domain §1.C C6")
    if "pulang" in rekomendasi.anjuran and "rawat-inap" in rekomendasi.anjuran:
        yield Teguran("anjuran", "pulang dan rawat inap sekaligus.", "salah satu.", "domain §1.C")


def bukan_dari_kunjungan(hasil: str) -> Teguran:
    """Word that a result is not one of this visit."""
    return Teguran(
        "hasil",
        f"hasil {hasil} tidak ada pada kunjungan ini.",
        "hasil dari kunjungan yang sama.",
        "domain §1.C C6",
        english=f"C6: DiagnosticReport/{hasil} is no result of this visit.",
    )
