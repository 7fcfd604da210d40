"""LaporanPustu: what Pustu and cadres did in a period, reported to the puskesmas (§1.C C14).

The SOP says "periodically"; a clinic decides by a setting how many months a report covers
(default 1). The counts are made by the server from the tasks that the report names.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Status = Literal["dikirim", "diterima", "dikembalikan", "salah-entri"]
C14: Final = "domain §1.C C14"
TIDAK_DIHITUNG: Final = ("ditolak", "batal", "salah-entri")
PUSTU, PUSKESMAS = ("pustu",), ("puskesmas",)

ALUR_LAPORAN_PUSTU: Final = Alur(
    nama="laporan-pustu",
    benda="laporan pustu",
    thing="report of the Pustu",
    aturan=C14,
    keadaan={
        "dikirim": Keadaan(("diterima", "dikembalikan"), PUSTU, "requested"),
        "diterima": Keadaan((), PUSKESMAS, "completed"),
        "dikembalikan": Keadaan(("dikirim",), PUSKESMAS, "rejected"),
        "salah-entri": Keadaan((), PUSTU, "entered-in-error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class RekapTugas:
    """Berapa yang direncanakan dan berapa yang selesai."""

    direncanakan: int = bidang("Direncanakan", "§6 KR", contoh=5)
    selesai: int = bidang("Selesai", "§6 KR", contoh=4)
    cakupan: Decimal | None = bidang("Cakupan (%)", "§6 KR", default=None, contoh=80.0)


@dokumen
class LaporanPustu(Dokumen):
    """Laporan berkala pustu."""

    pustu: str = bidang("Pustu", "§1.C C14", rujuk="faskes", contoh="pustu-sidorejo", cari=True)
    faskes: str = bidang(
        "Puskesmas penerima", "§1.C C14", rujuk="faskes", contoh="pkm-todanan", cari=True
    )
    mulai: date = bidang("Awal periode", "§1.C C14", contoh="2024-07-01", cari=True)
    sampai: date = bidang("Akhir periode", "§1.C C14", contoh="2024-07-31")
    penyusun: str = bidang(
        "Penyusun", "§1.C C14", rujuk="petugas-kesehatan", contoh="bidan-desa-sidorejo"
    )
    waktu: datetime = bidang(
        "Waktu dikirim", "§1.C C14", contoh="2024-08-02T10:00:00+07:00", terjadi=True
    )
    tugas: tuple[str, ...] = bidang(
        "Tugas dalam periode ini", "§1.C C14", default=(), rujuk="tindak-lanjut", contoh=["tl-s11"]
    )
    evaluasi: tuple[str, ...] = bidang(
        "Evaluasi", "§1.C C13", default=(), rujuk="evaluasi-kegiatan", contoh=["ev-1"]
    )
    kendala: str | None = bidang("Kendala", "§1.C C14", default=None)
    usul: str | None = bidang("Usul", "§1.C C14", default=None)
    status: Status = bidang(
        "Status", "§1.C C14", default="dikirim", kode="status-laporan-pustu", contoh="dikirim"
    )
    alasan: str | None = bidang("Alasan dikembalikan", "§1.C C14", default=None)
    diterima: datetime | None = bidang(
        "Waktu diterima puskesmas", "§1.C C14", default=None, terjadi=True
    )
    kunjunganRumah: RekapTugas | None = bidang(
        "Rekap kunjungan rumah", "§6 KR", default=None, server=True
    )
    kegiatan: RekapTugas | None = bidang(
        "Rekap posyandu dan kegiatan pustu", "§6", default=None, server=True
    )


def periksa(laporan: LaporanPustu) -> Iterator[Teguran]:
    """Find what one report can get wrong."""
    if laporan.sampai < laporan.mulai:
        yield Teguran("sampai", "lebih awal daripada mulai.", f"sesudah {laporan.mulai}.")
    if laporan.pustu == laporan.faskes:
        yield Teguran("pustu", "sama dengan puskesmas penerima.", "pustu yang melapor.", C14)
    if laporan.status == "dikembalikan" and not laporan.alasan:
        yield Teguran("alasan", "kosong pada laporan yang dikembalikan.", "alasannya.", C14)


def periksa_perubahan(lama: Mapping[str, Any], baru: LaporanPustu) -> Iterator[Teguran]:
    """Find which changes the course of a report forbids."""
    if (salah := ALUR_LAPORAN_PUSTU.pindah(lama.get("status"), baru.status)) is not None:
        yield salah


def rekap(status: Iterable[str | None]) -> RekapTugas:
    """Count tasks by their states; who refused or cancelled is not planned any more."""
    dihitung = [each for each in status if each not in TIDAK_DIHITUNG]
    selesai = sum(each == "selesai" for each in dihitung)
    if not dihitung:
        return RekapTugas(direncanakan=0, selesai=0)
    persen = (Decimal(100) * selesai / len(dihitung)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return RekapTugas(direncanakan=len(dihitung), selesai=selesai, cakupan=persen)


def akhir_periode(mulai: date, bulan: int) -> date:
    """Give the last day of a period of whole months that begins on a first of the month."""
    lewat = mulai.month - 1 + bulan - 1
    tahun, nomor = mulai.year + lewat // 12, lewat % 12 + 1
    return date(tahun, nomor, monthrange(tahun, nomor)[1])


def periode_berkala(mulai: date, sampai: date, bulan: int) -> Teguran | None:
    """Judge that a report covers just the period the clinic has decided on; 0 months: any."""
    if bulan == 0 or (mulai.day == 1 and sampai == akhir_periode(mulai, bulan)):
        return None
    benar = akhir_periode(mulai.replace(day=1), bulan)
    return Teguran(
        "sampai",
        f"{mulai} s.d. {sampai} bukan periode laporan ({bulan} bulan penuh).",
        f"{mulai.replace(day=1)} s.d. {benar}.",
        C14,
        english=f"C14: a report covers {bulan} whole month(s); right: {mulai.replace(day=1)} to "
        f"{benar}.",
    )
