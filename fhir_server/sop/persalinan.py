"""Persalinan: one delivery with its newborns (domain §1.B B13, §2.1 row 19, S12)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.kehamilan import usia_hamil

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

Cara = Literal["spontan", "vakum", "forsep", "sc"]
PeranPenolong = Literal["dokter", "bidan", "perawat", "dukun", "keluarga", "lainnya"]
JenisTempat = Literal["puskesmas", "pustu", "pkd", "rs", "klinik", "rumah", "lainnya"]
Kelamin = Literal["male", "female"]
StatusPersalinan = Literal["selesai", "salah-entri"]

BAYI_SATU: Final = "BAYI-SATU"
NAKES: Final = ("dokter", "bidan", "perawat")
ICD_10: Final = re.compile(r"[A-Z]\d{2}(\.\d{1,2})?")
BATAS: Final = {
    "berat": (200, 7000),
    "panjang": (15, 70),
    "lingkarKepala": (15, 50),
    "apgar1": (0, 10),
    "apgar5": (0, 10),
}


@dokumen
class BayiLahir:
    """Satu bayi dari persalinan ini."""

    jenisKelamin: Kelamin = bidang("Jenis kelamin", "§2.1/19", contoh="female")
    berat: int = bidang("Berat lahir (g)", "§2.1/19", contoh=3100)
    panjang: Decimal | None = bidang("Panjang badan (cm)", "§2.1/19", default=None, contoh=49)
    lingkarKepala: Decimal | None = bidang(
        "Lingkar kepala (cm)", "§2.1/19", default=None, contoh=33.5
    )
    apgar1: int | None = bidang("Nilai Apgar menit ke-1", "§2.1/19", default=None, contoh=8)
    apgar5: int | None = bidang("Nilai Apgar menit ke-5", "§2.1/19", default=None, contoh=9)
    hidup: bool = bidang("Lahir hidup", "§2.1/19", default=True, contoh=True)
    komplikasi: tuple[str, ...] = bidang(
        "Komplikasi bayi (ICD-10)", "§2.1/19", default=(), contoh=["P21.9"]
    )
    noRM: str | None = bidang("Nomor rekam medis bayi", "§2.1/1", default=None, contoh="RM-000900")


@dokumen
class DataIbu:
    """Yang diambil bayi dari ibunya."""

    nama: str = bidang("Nama ibu", "§2.1/1", contoh="Dewi Lestari")
    nik: str | None = bidang("NIK ibu", "§2.1/1", default=None, contoh="9902014511980002")
    alamat: str | None = bidang("Alamat", "§2.1/1", default=None)
    rt: str | None = bidang("RT", "§2.1/1", default=None)
    rw: str | None = bidang("RW", "§2.1/1", default=None)
    desa: str | None = bidang("Kode desa", "§2.1/1", default=None)
    kecamatan: str | None = bidang("Kode kecamatan", "§2.1/1", default=None)
    kabupaten: str | None = bidang("Kode kabupaten", "§2.1/1", default=None)
    provinsi: str | None = bidang("Kode provinsi", "§2.1/1", default=None)


@dokumen
class Persalinan(Dokumen):
    """Persalinan."""

    faskes: str = bidang("Puskesmas", "§2.1/19", rujuk="faskes", contoh="pkm-dharma-rini")
    pasien: str = bidang("Ibu", "§2.1/19", rujuk="pasien", contoh="dewi", cari=True)
    kunjungan: str = bidang(
        "Kunjungan bersalin", "§1.B B13", rujuk="kunjungan", contoh="salin-dewi", cari=True
    )
    waktu: datetime = bidang(
        "Waktu lahir", "§2.1/19", contoh="2024-05-17T04:36:00+07:00", cari=True, terjadi=True
    )
    cara: Cara = bidang("Cara persalinan", "§2.1/19", kode="cara-persalinan", contoh="spontan")
    peranPenolong: PeranPenolong = bidang(
        "Peran penolong", "§2.1/19, §6 Pn", kode="penolong-persalinan", contoh="bidan"
    )
    penolong: str | None = bidang(
        "Penolong (tenaga kesehatan)",
        "§2.1/19",
        default=None,
        rujuk="petugas-kesehatan",
        contoh="bidan-vk",
    )
    jenisTempat: JenisTempat = bidang(
        "Jenis tempat bersalin", "§2.1/19, §6 Pf", kode="tempat-persalinan", contoh="puskesmas"
    )
    tempat: str | None = bidang(
        "Ruang bersalin", "§2.1/19", default=None, rujuk="lokasi", contoh="ruang-bersalin"
    )
    bayi: tuple[BayiLahir, ...] = bidang("Bayi, menurut urutan lahir", "§2.1/19")
    komplikasi: tuple[str, ...] = bidang(
        "Komplikasi ibu (ICD-10)", "§2.1/19, §6 PK", default=(), contoh=["O72.1"]
    )
    catatan: str | None = bidang("Catatan", "§2.1/19", default=None)
    status: StatusPersalinan = bidang("Status", "§2.1/19", default="selesai")
    usiaMinggu: int | None = bidang(
        "Usia hamil saat lahir, minggu genap", "§2.1/19", default=None, contoh=39, server=True
    )
    usiaHari: int | None = bidang(
        "Usia hamil saat lahir, hari di atasnya", "§2.1/19", default=None, contoh=4, server=True
    )
    ibu: DataIbu | None = bidang("Data ibu", "§2.1/19", default=None, server=True)
    pasienBayi: tuple[str, ...] = bidang(
        "Pasien bayi", "§2.1/19", default=(), rujuk="pasien", server=True
    )


def periksa(persalinan: Persalinan) -> Iterator[Teguran]:
    """Find what one delivery can get wrong."""
    if not persalinan.bayi:
        yield Teguran("bayi", "kosong.", "paling sedikit satu bayi, hidup atau tidak.", "§2.1/19")
    for nomor, bayi in enumerate(persalinan.bayi):
        for nama, (bawah, atas) in BATAS.items():
            nilai = getattr(bayi, nama)
            if nilai is not None and not bawah <= nilai <= atas:
                yield Teguran(f"bayi[{nomor}].{nama}", f"{nilai}.", f"{bawah} sampai {atas}.")
        yield from _icd10(f"bayi[{nomor}].komplikasi", bayi.komplikasi)
    yield from _icd10("komplikasi", persalinan.komplikasi)
    if persalinan.peranPenolong in NAKES and persalinan.penolong is None:
        yield Teguran("penolong", "kosong.", f"petugas ({persalinan.peranPenolong}) penolong.")
    if persalinan.cara == "sc" and persalinan.jenisTempat in {"rumah", "pkd", "lainnya"}:
        yield Teguran("jenisTempat", f"sesar di {persalinan.jenisTempat}.", "rs.", "§2.1/19")


def periksa_perubahan(lama: Mapping[str, Any], baru: Persalinan) -> Iterator[Teguran]:
    """Find changes that a delivery forbids: the mother, and how many were born."""
    if lama.get("pasien") not in (None, baru.pasien):
        yield _tetap("pasien", "ibu")
    dahulu = lama.get("pasienBayi") or ()
    if dahulu and len(baru.bayi) < len(dahulu):
        yield _tetap("bayi", "jumlah bayi")


def nama_bayi(ibu: str, urutan: int) -> str:
    """Name a newborn after its mother; of several each with its order."""
    return f"Bayi Ny. {ibu}" if urutan == 0 else f"Bayi {urutan} Ny. {ibu}"


def urutan_lahir(nomor: int, jumlah: int) -> int:
    """Give the order of birth of the ``nomor``-th newborn from 1; an only one has 0."""
    return 0 if jumlah == 1 else nomor


def lengkap(persalinan: Persalinan, hpht: date | None, ibu: DataIbu) -> Persalinan:
    """Count the gestational age at birth and take over what the newborns have of their mother."""
    if hpht is None or hpht > persalinan.waktu.date():
        return replace(persalinan, ibu=ibu)
    usia = usia_hamil(hpht, persalinan.waktu.date())
    return replace(persalinan, ibu=ibu, usiaMinggu=usia.minggu, usiaHari=usia.hari)


def bayi_sudah_ada(bayi: str) -> Teguran:
    """Word the refusal of a second record of one newborn."""
    return Teguran(
        "identifier",
        f"bayi dengan NIK ibu, tanggal lahir dan urutan lahir yang sama sudah tercatat ({bayi}).",
        "pakai catatan itu; bayi kembar: urutan lahir 1, 2, 3.",
        BAYI_SATU,
        jenis="keadaan",
        english=f"{BAYI_SATU}: a newborn of this mother with the same birth date and order is "
        f"already recorded ({bayi}). Use that one; twins have multipleBirthInteger 1, 2, …",
    )


def _icd10(nama: str, kode: tuple[str, ...]) -> Iterator[Teguran]:
    for each in dict.fromkeys(kode):
        if not ICD_10.fullmatch(each):
            yield Teguran(nama, f"{each} bukan kode ICD-10.", "mis. O72.1 atau P21.9.")
        if kode.count(each) > 1:
            yield Teguran(nama, f"{each} berulang.", "sekali saja.")


def _tetap(nama: str, apa: str) -> Teguran:
    return Teguran(
        nama,
        f"{apa} pada persalinan tidak dapat diubah.",
        "tandai salah-entri, lalu catat persalinan baru.",
        "domain §2.1/19",
        jenis="keadaan",
    )
