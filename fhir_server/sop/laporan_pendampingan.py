"""LaporanPendampingan: what a student reports about her client (domain §1.E E7, §2.1 row 34).

A draft until the bidan has verified it; what is final stays as it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

StatusLaporan = Literal["draf", "final", "salah-entri"]
E7: Final = "domain §1.E E7"
ALUR_LAPORAN_PENDAMPINGAN: Final = Alur(
    nama="laporan-pendampingan",
    benda="laporan",
    thing="report",
    aturan=E7,
    keadaan={
        "draf": Keadaan(("final",), ("mahasiswa",), "preliminary"),
        "final": Keadaan((), ("bidan",), "final"),
        "salah-entri": Keadaan((), ("petugas",), "entered-in-error"),
    },
    awal=("draf",),
    selalu=("salah-entri",),
)


@dokumen
class LaporanPendampingan(Dokumen):
    """Laporan pendampingan seorang ibu."""

    faskes: str = bidang("Puskesmas", "§2.1/34", rujuk="faskes", contoh="pkm-osoc")
    pasien: str = bidang("Klien", "§2.1/34", rujuk="pasien", contoh="nur", cari=True)
    mahasiswa: str = bidang(
        "Mahasiswa", "§2.1/34", rujuk="petugas-kesehatan", contoh="putri", cari=True
    )
    mulai: datetime = bidang("Mulai disusun", "§1.E E7", contoh="2019-10-21T08:00:00+07:00")
    selesai: datetime = bidang("Selesai disusun", "§1.E E7", contoh="2019-10-21T10:55:00+07:00")
    pendampingan: tuple[str, ...] = bidang(
        "Pendampingan yang dilaporkan", "§1.E E7", rujuk="pendampingan", contoh=["pd-nur-1"]
    )
    ringkasan: str = bidang("Ringkasan", "§1.E E7", contoh="Ibu sehat, siap bersalin di puskesmas")
    saran: str | None = bidang("Saran", "§1.E E7", default=None, contoh="ANC tiap dua minggu")
    status: StatusLaporan = bidang(
        "Status",
        "§1.E E7",
        default="draf",
        kode="status-laporan-pendampingan",
        contoh="final",
        cari=True,
    )
    verifikator: str | None = bidang(
        "Bidan yang memverifikasi",
        "§1.E E7",
        default=None,
        rujuk="petugas-kesehatan",
        contoh="bidan-ayu",
    )
    diverifikasi: datetime | None = bidang(
        "Waktu verifikasi", "§1.E E7", default=None, contoh="2019-10-22T09:00:00+07:00"
    )


def periksa(laporan: LaporanPendampingan) -> Iterator[Teguran]:
    """Find what one report can get wrong."""
    if laporan.selesai < laporan.mulai:
        yield Teguran("selesai", "lebih awal daripada mulai.", f"sesudah {laporan.mulai}.")
    if not laporan.pendampingan:
        yield Teguran("pendampingan", "kosong.", "kunjungan yang dilaporkan.", E7)
    if (laporan.verifikator is None) != (laporan.diverifikasi is None):
        yield Teguran("diverifikasi", "tidak cocok dengan verifikator.", "keduanya atau kosong.")
    if laporan.status == "final" and laporan.verifikator is None:
        yield tanpa_verifikasi()


def periksa_perubahan(lama: Mapping[str, Any], baru: LaporanPendampingan) -> Iterator[Teguran]:
    """Find which changes a report forbids."""
    if salah := ALUR_LAPORAN_PENDAMPINGAN.pindah(lama.get("status"), baru.status):
        yield salah
    if lama.get("status") == "final" and baru.status == "final":
        yield Teguran(
            "status", "laporan final tidak berubah lagi.", "laporan baru.", E7, jenis="keadaan"
        )


def tanpa_verifikasi() -> Teguran:
    """Word E7: a report is final when the bidan has verified it."""
    return Teguran(
        "verifikator",
        "kosong pada laporan final.",
        "bidan yang memverifikasi.",
        E7,
        english="E7: a report is final once the midwife has verified it. Right is an attester of "
        "mode professional, a PractitionerRole other than the author.",
    )
