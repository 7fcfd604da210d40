"""PersetujuanPasien: what a patient agreed to, towards whom, for how long (domain §2.1 row 38).

A consultation by chat, giving data to somebody outside the puskesmas, a student who may read the
record. It can be withdrawn at any time; a new consent is a new document.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import pihak
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Jenis = Literal["telekonsultasi", "berbagi-data", "akses-mahasiswa", "pesan-whatsapp"]
Status = Literal["diberikan", "ditolak", "dicabut", "salah-entri"]
SUMBER: Final = "domain §2.1/38"
KEPADA: Final = ("berbagi-data", "akses-mahasiswa")
"""The kinds that name to whom."""

ALUR_PERSETUJUAN: Final = Alur(
    nama="persetujuan-pasien",
    benda="persetujuan",
    thing="consent",
    aturan=SUMBER,
    keadaan={
        "diberikan": Keadaan(("dicabut",), ("pasien",), "active"),
        "ditolak": Keadaan((), ("pasien",), "rejected"),
        "dicabut": Keadaan((), ("pasien",), "inactive"),
        "salah-entri": Keadaan((), ("petugas",), "entered-in-error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class PersetujuanPasien(Dokumen):
    """Persetujuan pasien."""

    faskes: str = bidang(
        "Puskesmas yang meminta", "§2.1/38", rujuk="faskes", contoh="pkm-dharma-rini"
    )
    pasien: str = bidang("Pasien", "§2.1/38", rujuk="pasien", contoh="siti", cari=True)
    jenis: Jenis = bidang(
        "Untuk apa", "§2.1/38", kode="jenis-persetujuan", contoh="berbagi-data", cari=True
    )
    status: Status = bidang(
        "Status", "§2.1/38", kode="status-persetujuan", contoh="diberikan", cari=True
    )
    waktu: datetime = bidang(
        "Waktu menyatakan", "§2.1/38", contoh="2024-05-13T09:00:00+07:00", cari=True, terjadi=True
    )
    mulai: date = bidang("Berlaku sejak", "§2.1/38", contoh="2024-05-13")
    sampai: date | None = bidang(
        "Berlaku sampai; kosong: sampai dicabut", "§2.1/38", default=None, contoh="2024-11-13"
    )
    penerima: tuple[str, ...] = bidang(
        "Kepada siapa", "§2.1/38", default=(), pola=pihak.POLA, contoh=["faskes/lembaga-sosial-a"]
    )
    oleh: str | None = bidang(
        "Yang menyatakan, bila bukan pasien",
        "§2.1/38",
        default=None,
        pola=pihak.POLA,
        contoh="keluarga/suami-siti",
    )
    dicabut: datetime | None = bidang("Waktu dicabut", "§2.1/38", default=None, terjadi=True)
    bukti: str | None = bidang(
        "Lembar persetujuan", "§2.1/38", default=None, rujuk="dokumen-program"
    )


def periksa(persetujuan: PersetujuanPasien) -> Iterator[Teguran]:
    """Find what one consent can get wrong."""
    if persetujuan.jenis in KEPADA and not persetujuan.penerima:
        yield Teguran("penerima", f"kosong pada {persetujuan.jenis}.", "kepada siapa.", SUMBER)
    if persetujuan.sampai is not None and persetujuan.sampai < persetujuan.mulai:
        yield Teguran("sampai", "lebih awal daripada mulai.", f"sesudah {persetujuan.mulai}.")
    if persetujuan.status != "dicabut" and persetujuan.dicabut is not None:
        yield Teguran("dicabut", f"terisi pada status {persetujuan.status}.", "kosong.", SUMBER)


def periksa_perubahan(lama: Mapping[str, Any], baru: PersetujuanPasien) -> Iterator[Teguran]:
    """Find which changes a consent forbids."""
    if (salah := ALUR_PERSETUJUAN.pindah(lama.get("status"), baru.status)) is not None:
        yield salah


def berlaku(status: str | None, mulai: date | None, sampai: date | None, pada: date) -> bool:
    """Say whether a consent holds on a day; both its days count."""
    begun = mulai is None or mulai <= pada
    return status == "diberikan" and begun and (sampai is None or pada <= sampai)
