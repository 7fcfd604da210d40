"""JanjiLayanan: a service that could not be completed, at an agreed time and place (§1.C C4b).

Agreed with the patient ("disepakati bersama"): a visit with a postponed service is closed only
when the patient has accepted the new time and place (BR-C4).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Persetujuan = Literal["disetujui", "menunggu", "mungkin", "ditolak"]
Status = Literal["diusulkan", "dijadwalkan", "ditepati", "tidak-datang", "batal", "salah-entri"]
BR_C4: Final = "BR-C4"
TEMPAT: Final = ("ruang", "pustu", "posyandu")
PETUGAS, BERSAMA = ("petugas",), ("petugas dan pasien",)

ALUR_JANJI: Final = Alur(
    nama="janji-layanan",
    benda="janji layanan",
    thing="appointment",
    aturan=BR_C4,
    keadaan={
        "diusulkan": Keadaan(("dijadwalkan", "batal"), PETUGAS, "proposed"),
        "dijadwalkan": Keadaan(
            ("ditepati", "tidak-datang", "diusulkan", "batal"), BERSAMA, "booked"
        ),
        "ditepati": Keadaan((), PETUGAS, "fulfilled"),
        "tidak-datang": Keadaan(("diusulkan", "dijadwalkan", "batal"), PETUGAS, "noshow"),
        "batal": Keadaan((), BERSAMA, "cancelled"),
        "salah-entri": Keadaan((), PETUGAS, "entered-in-error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class JanjiLayanan(Dokumen):
    """Janji layanan yang tertunda."""

    faskes: str = bidang("Puskesmas", "§2.1/8", rujuk="faskes", contoh="pkm-dharma-rini")
    pasien: str = bidang("Pasien", "§2.1/8", rujuk="pasien", contoh="karto", cari=True)
    kunjungan: str = bidang(
        "Kunjungan yang layanannya tertunda", "§1.C C4b", rujuk="kunjungan", contoh="kunjungan-s9"
    )
    layanan: Unit = bidang("Layanan yang tertunda", "§1.C C4b", kode="unit-layanan", contoh="lab")
    alasan: str = bidang(
        "Mengapa tidak dapat diselesaikan", "§1.C C4b", contoh="Belum puasa untuk gula darah"
    )
    mulai: datetime = bidang(
        "Waktu yang disepakati", "§2.1/8", contoh="2024-05-20T08:00:00+07:00", cari=True
    )
    selesai: datetime = bidang("Sampai", "§2.1/8", contoh="2024-05-20T08:30:00+07:00")
    tempat: str = bidang(
        "Tempat: puskesmas, pustu atau posyandu",
        "§1.C C4b",
        rujuk="lokasi",
        contoh="posyandu-melati",
        cari=True,
    )
    persetujuan: Persetujuan = bidang(
        "Persetujuan pasien", "BR-C4", kode="persetujuan-janji", contoh="disetujui"
    )
    dibuat: datetime | None = bidang(
        "Waktu dibuat; kosong: sekarang",
        "§2.1/8",
        default=None,
        contoh="2024-05-13T09:30:00+07:00",
        terjadi=True,
    )
    petugas: str | None = bidang(
        "Petugas", "§2.1/8", default=None, rujuk="petugas-kesehatan", contoh="bidan-kia"
    )
    permintaan: str | None = bidang(
        "Permintaan layanan yang tertunda; kosong: dibuat server",
        "§1.C C4b",
        default=None,
        rujuk="permintaan",
    )
    status: Status = bidang(
        "Status",
        "§2.1/8",
        default="dijadwalkan",
        kode="status-janji",
        contoh="dijadwalkan",
        cari=True,
    )
    alasanBatal: str | None = bidang("Alasan batal", "§2.1/8", default=None)


def periksa(janji: JanjiLayanan) -> Iterator[Teguran]:
    """Find what one appointment can get wrong."""
    if janji.selesai <= janji.mulai:
        yield Teguran("selesai", "tidak sesudah mulai.", f"sesudah {janji.mulai}.")
    if janji.status == "batal" and not janji.alasanBatal:
        yield Teguran("alasanBatal", "kosong.", "mengapa janji dibatalkan.", BR_C4)
    if janji.status == "ditepati" and janji.persetujuan == "ditolak":
        yield Teguran("persetujuan", "ditolak, padahal janji ditepati.", "disetujui.", BR_C4)


def periksa_perubahan(lama: Mapping[str, Any], baru: JanjiLayanan) -> Iterator[Teguran]:
    """Find which changes the course of an appointment forbids."""
    if (salah := ALUR_JANJI.pindah(lama.get("status"), baru.status)) is not None:
        yield salah


def tempat_janji(jenis: str | None) -> Teguran | None:
    """Judge that the place is one of the puskesmas, a Pustu or a Posyandu; None if unknown."""
    if jenis is None or jenis in TEMPAT:
        return None
    return Teguran(
        "tempat",
        f"{jenis} bukan tempat layanan.",
        "ruang puskesmas, pustu atau posyandu.",
        BR_C4,
        english=f"BR-C4: a {jenis} is no place of service; right: a room of the puskesmas, a "
        "pustu or a posyandu.",
    )


def belum_disepakati(layanan: str) -> Teguran:
    """Word BR-C4: a visit is closed whose postponed service is not agreed with the patient."""
    return Teguran(
        "status",
        f"layanan tertunda {layanan} belum mempunyai janji yang disetujui pasien.",
        "sepakati waktu dan tempat dengan pasien, atau batalkan janjinya, lalu tutup kunjungan.",
        BR_C4,
        english=f"BR-C4: the postponed service {layanan} has no appointment that the patient has "
        "accepted. Agree on time and place (participant status accepted), or cancel it, before "
        "closing the visit.",
    )
