"""PermintaanLayanan: one unit of the puskesmas sends a patient to another (domain §1.C C4a, C7).

Dental first and then the cluster, or the other way round; physiotherapy and the ward only on the
recommendation of an examiner.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Status = Literal["diminta", "diterima", "dilayani", "selesai", "ditolak", "batal", "salah-entri"]
C4A: Final = "domain §1.C C4a"
C7: Final = "domain §1.C C7"
DENGAN_REKOMENDASI: Final = ("fisioterapi", "rawat-inap")
BUKAN_TUJUAN: Final = {"loket": "pendaftaran", "lab": "pengantar-lab", "farmasi": "resep"}
ASAL, TUJUAN = ("unit peminta",), ("unit tujuan",)

ALUR_PERMINTAAN: Final = Alur(
    nama="permintaan-layanan",
    benda="permintaan layanan",
    thing="internal request",
    aturan=C4A,
    keadaan={
        "diminta": Keadaan(("diterima", "dilayani", "ditolak", "batal"), ASAL, "requested"),
        "diterima": Keadaan(("dilayani", "ditolak", "batal"), TUJUAN, "accepted"),
        "dilayani": Keadaan(("selesai", "batal"), TUJUAN, "in-progress"),
        "selesai": Keadaan((), TUJUAN, "completed"),
        "ditolak": Keadaan((), TUJUAN, "rejected"),
        "batal": Keadaan((), ASAL, "cancelled"),
        "salah-entri": Keadaan((), ASAL, "entered-in-error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class PermintaanLayanan(Dokumen):
    """Rujukan internal atau permintaan layanan."""

    faskes: str = bidang("Puskesmas", "§1.C C4a", rujuk="faskes", contoh="pkm-dharma-rini")
    nomor: str = bidang("Nomor", "§1.C C4a", contoh="RI-20240513-004", cari=True)
    pasien: str = bidang("Pasien", "§1.C C4a", rujuk="pasien", contoh="karto", cari=True)
    kunjungan: str = bidang(
        "Kunjungan", "§1.C C4a", rujuk="kunjungan", contoh="kunjungan-s9", cari=True
    )
    unitAsal: Unit = bidang("Unit yang meminta", "§1.C C4a", kode="unit-layanan", contoh="gigi")
    unitTujuan: Unit = bidang("Unit tujuan", "§1.C C4a, C7", kode="unit-layanan", contoh="lansia")
    alasan: str = bidang("Alasan", "§1.C C4a", contoh="Hipertensi, mohon pemeriksaan")
    peminta: str = bidang(
        "Petugas peminta", "§1.C C4a", rujuk="petugas-kesehatan", contoh="dokter-gigi"
    )
    waktu: datetime = bidang("Waktu", "§1.C C4a", contoh="2024-05-13T08:40:00+07:00", terjadi=True)
    rekomendasi: str | None = bidang(
        "Rekomendasi pemeriksa; wajib untuk fisioterapi dan rawat inap",
        "§1.C C7",
        default=None,
        rujuk="rekomendasi",
    )
    ruang: str | None = bidang(
        "Ruang unit tujuan", "§1.C C4a", default=None, rujuk="lokasi", contoh="ruang-lansia"
    )
    status: Status = bidang(
        "Status",
        "§1.C C4a",
        default="diminta",
        kode="status-permintaan-layanan",
        contoh="diminta",
        cari=True,
    )
    alasanTolak: str | None = bidang("Alasan ditolak atau batal", "§1.C C4a", default=None)
    mulai: datetime | None = bidang("Mulai dilayani", "§1.C C4a", default=None, terjadi=True)
    selesai: datetime | None = bidang("Selesai", "§1.C C4a", default=None, terjadi=True)


def periksa(permintaan: PermintaanLayanan) -> Iterator[Teguran]:
    """Find what one request can get wrong."""
    tujuan = permintaan.unitTujuan
    if tujuan == permintaan.unitAsal:
        yield Teguran("unitTujuan", "sama dengan unit asal.", "unit lain.", C4A)
    if (dokumen_lain := BUKAN_TUJUAN.get(tujuan)) is not None:
        yield Teguran(
            "unitTujuan", f"{tujuan} tidak diminta dengan cara ini.", f"{dokumen_lain}.", C4A
        )
    if tujuan in DENGAN_REKOMENDASI and permintaan.rekomendasi is None:
        yield tanpa_rekomendasi(tujuan)
    if permintaan.status in {"ditolak", "batal"} and not permintaan.alasanTolak:
        yield Teguran("alasanTolak", f"kosong pada permintaan {permintaan.status}.", "alasannya.")


def tanpa_rekomendasi(unit: str) -> Teguran:
    """Word C7: physiotherapy and the ward need an examiner's recommendation for just that."""
    return Teguran(
        "rekomendasi",
        f"permintaan {unit} tanpa rekomendasi pemeriksa yang menganjurkannya.",
        f"rekomendasi dengan anjuran {unit}.",
        C7,
        english=f"C7: a request for {unit} rests on a recommendation; supportingInfo must refer "
        f"to a ClinicalImpression that recommends {unit}, or basedOn to a CarePlan.",
    )


def periksa_perubahan(lama: Mapping[str, Any], baru: PermintaanLayanan) -> Iterator[Teguran]:
    """Find which changes the course of a request forbids."""
    if (salah := ALUR_PERMINTAAN.pindah(lama.get("status"), baru.status, baru.nomor)) is not None:
        yield salah
