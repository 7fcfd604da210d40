"""PenandaInfeksi: this visit belongs into the infection room, with all it needs (§1.C C5, BR-C5).

One-stop: laboratory, pharmacy and counselling come to the patient. Only the emergency room, an
inpatient room or another hospital may take the patient out of the room.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator

BR_C5: Final = "BR-C5"
BOLEH: Final = ("infeksi", "ugd", "rawat-inap")
"""The units whose rooms a visit with an infection may be in."""


@dokumen
class PenandaInfeksi(Dokumen):
    """Penanda infeksi."""

    pasien: str = bidang("Pasien", "§1.C C5", rujuk="pasien", contoh="joko", cari=True)
    mulai: datetime = bidang("Sejak", "§1.C C5", contoh="2024-05-13T08:10:00+07:00", terjadi=True)
    kunjungan: str | None = bidang(
        "Kunjungan", "§1.C C5", default=None, rujuk="kunjungan", contoh="kunjungan-joko", cari=True
    )
    alasan: str | None = bidang("Alasan", "§1.C C5", default=None, contoh="Batuk 3 minggu")
    status: Literal["aktif", "berakhir", "salah-entri"] = bidang(
        "Status", "§1.C C5", default="aktif", kode="status-penanda", contoh="aktif", cari=True
    )
    selesai: datetime | None = bidang("Sampai", "§1.C C5", default=None, terjadi=True)


def periksa(penanda: PenandaInfeksi) -> Iterator[Teguran]:
    """Find what one flag can get wrong."""
    if penanda.selesai is not None and penanda.selesai < penanda.mulai:
        yield Teguran("selesai", "lebih awal daripada mulai.", f"sesudah {penanda.mulai}.")


def di_luar_ruang_infeksi(tempat: str) -> Teguran:
    """Word BR-C5: ``tempat`` lies outside the infection room."""
    return Teguran(
        "lokasi",
        f"kunjungan infeksi ini tidak boleh di {tempat}.",
        "semua layanan (lab, obat, konseling) di ruang infeksi; keluar hanya ke UGD, rawat inap "
        "atau rujukan.",
        BR_C5,
        english=f"BR-C5: a visit with an infection may not be at {tempat}. All services come to "
        "the infection room; it is left only for the UGD, an inpatient room or a referral.",
    )
