"""Imunisasi: one dose of a vaccine, given here or told of (domain §1.B B12, §2.1 row 18).

A dose given here names its lot and its expiry, and the lot must not be over. A dose of the past
(``historis``) is what a booklet or the family says. Td for women has least intervals.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Alasan = Literal[
    "IM-Program",
    "IM-Rutin",
    "IM-Dasar",
    "IM-Lanjutan",
    "IM-Baduta",
    "IM-SD",
    "IM-WUS",
    "IM-Tambahan",
    "IM-Khusus",
    "IM-Pilihan",
]
"""Codes of http://terminology.kemkes.go.id/CodeSystem/immunization-reason."""
StatusImunisasi = Literal["diberikan", "tidak-diberikan", "salah-entri"]

BR_B12: Final = "BR-B12"
TD: Final = "VG139"
JARAK_TD: Final = {
    2: timedelta(weeks=4),
    3: timedelta(days=182),
    4: timedelta(days=365),
    5: timedelta(days=365),
}
"""Least time after the dose before: T2 four weeks, T3 six months, T4 and T5 a year."""
DOSIS_TD: Final = 5
KFA = r"VG\d{1,4}|9\d{7}"

ALUR_IMUNISASI: Final = Alur(
    nama="imunisasi",
    benda="imunisasi",
    thing="immunization",
    aturan="alur imunisasi (domain §1.B B12)",
    keadaan={
        "diberikan": Keadaan((), ("bidan",), "completed"),
        "tidak-diberikan": Keadaan((), ("bidan",), "not-done"),
        "salah-entri": Keadaan((), ("bidan",), "entered-in-error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class Imunisasi(Dokumen):
    """Imunisasi program."""

    faskes: str | None = bidang(
        "Tempat pemberian (faskes)",
        "§2.1/18",
        default=None,
        rujuk="faskes",
        contoh="pkm-dharma-rini",
    )
    pasien: str = bidang("Pasien", "§2.1/18", rujuk="pasien", contoh="siti", cari=True)
    vaksin: str = bidang("Kode KFA vaksin", "§2.1/18", pola=KFA, contoh=TD, cari=True)
    namaVaksin: str = bidang("Nama vaksin", "§2.1/18", contoh="Td")
    dosisKe: int = bidang("Dosis ke", "§2.1/18", contoh=2)
    waktu: datetime = bidang(
        "Waktu pemberian", "§2.1/18", contoh="2024-05-08T09:40:00+07:00", cari=True, terjadi=True
    )
    alasan: Alasan = bidang("Alasan (program)", "§2.1/18", contoh="IM-WUS")
    kunjungan: str | None = bidang(
        "Kunjungan", "§1.B B12", default=None, rujuk="kunjungan", contoh="anc-s1"
    )
    petugas: str | None = bidang(
        "Petugas", "§2.1/18", default=None, rujuk="petugas-kesehatan", contoh="bidan-kia"
    )
    tempat: str | None = bidang(
        "Ruang atau posyandu", "§2.1/18", default=None, rujuk="lokasi", contoh="ruang-kia"
    )
    lot: str | None = bidang("Nomor lot", "§2.1/18", default=None, contoh="TD-2024-07", cari=True)
    kadaluarsa: date | None = bidang("Kedaluwarsa", "§2.1/18", default=None, contoh="2025-11-19")
    historis: bool = bidang(
        "Dosis terdahulu, dari buku atau cerita", "§2.1/18", default=False, contoh=False
    )
    status: StatusImunisasi = bidang(
        "Status", "§2.1/18", default="diberikan", kode="status-imunisasi", cari=True
    )
    alasanTidak: str | None = bidang(
        "Mengapa tidak diberikan", "§2.1/18", default=None, contoh="Ibu demam"
    )


def periksa(imunisasi: Imunisasi) -> Iterator[Teguran]:
    """Find what one dose can get wrong by itself."""
    if imunisasi.dosisKe < 1:
        yield Teguran("dosisKe", f"{imunisasi.dosisKe}.", "1, 2, 3 …")
    if imunisasi.vaksin == TD and imunisasi.alasan == "IM-WUS" and imunisasi.dosisKe > DOSIS_TD:
        yield Teguran("dosisKe", f"T{imunisasi.dosisKe}.", "T1 s.d. T5 untuk WUS.", BR_B12)
    if imunisasi.status == "tidak-diberikan" and not imunisasi.alasanTidak:
        yield Teguran("alasanTidak", "kosong.", "mengapa tidak diberikan.", BR_B12)
    if imunisasi.status != "diberikan":
        return
    if not imunisasi.historis and imunisasi.petugas is None:
        yield Teguran("petugas", "kosong.", "siapa yang memberikan.", BR_B12)
    yield from dosis_baru(
        imunisasi.lot,
        None if imunisasi.kadaluarsa is None else imunisasi.kadaluarsa < imunisasi.waktu.date(),
        historis=imunisasi.historis,
    )


def periksa_perubahan(lama: Mapping[str, Any], baru: Imunisasi) -> Iterator[Teguran]:
    """Find which changes a dose forbids."""
    if salah := ALUR_IMUNISASI.pindah(lama.get("status"), baru.status):
        yield salah


def dosis_baru(lot: str | None, lewat: bool | None, *, historis: bool) -> Iterator[Teguran]:  # noqa: FBT001 - a fact
    """Judge BR-B12: a dose given here has a lot and an expiry, and the lot is not over.

    ``lewat``: whether it had expired when given; None where no expiry is said.
    """
    if not historis and not lot:
        yield Teguran(
            "lot",
            "dosis baru tanpa nomor lot.",
            "nomor lot pada vial; dosis terdahulu: historis.",
            BR_B12,
            english="BR-B12: a dose given here needs its lot number (lotNumber); a dose of the "
            "past has primarySource=false.",
        )
    if not historis and lewat is None:
        yield Teguran(
            "kadaluarsa",
            "dosis baru tanpa tanggal kedaluwarsa.",
            "tanggal pada vial; dosis terdahulu: historis.",
            BR_B12,
            english="BR-B12: a dose given here needs the expiry of its lot (expirationDate); a "
            "dose of the past has primarySource=false.",
        )
    if lewat:
        yield Teguran(
            "kadaluarsa",
            "vaksin sudah kedaluwarsa pada hari pemberian.",
            "vaksin yang belum kedaluwarsa.",
            BR_B12,
            english="BR-B12: the vaccine had expired on the day it was given.",
        )


def dosis_ganda(dosis: int) -> Teguran:
    """Word BR-B12: this dose of the vaccine is recorded already."""
    return Teguran(
        "dosisKe",
        f"dosis ke-{dosis} vaksin ini sudah tercatat.",
        "dosis berikutnya, atau perbaiki catatan yang ada.",
        BR_B12,
        jenis="keadaan",
        english=f"BR-B12: dose {dosis} of this vaccine is recorded already. Record the next dose, "
        "or correct the record there is.",
    )


def jarak_td(dosis: int, diberikan: date, sebelumnya: date) -> Teguran | None:
    """Judge BR-B12: a Td dose comes no earlier than its interval after the dose before."""
    paling_awal = sebelumnya + JARAK_TD.get(dosis, timedelta())
    if diberikan >= paling_awal:
        return None
    return Teguran(
        "waktu",
        f"T{dosis} pada {diberikan}, padahal T{dosis - 1} pada {sebelumnya}.",
        f"paling awal {paling_awal}.",
        BR_B12,
        english=f"BR-B12: Td dose {dosis} on {diberikan} is too early after dose {dosis - 1} on "
        f"{sebelumnya}; the earliest day is {paling_awal}.",
    )
