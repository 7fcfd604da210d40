"""Pasien: a person whom the puskesmas serves (domain §2.1 row 1; NIK rule of §0)."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator

JenisKelamin = Literal["male", "female"]
StatusKawin = Literal["belum-kawin", "kawin", "cerai-hidup", "cerai-mati"]
GolonganDarah = Literal["A", "B", "AB", "O", "A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"]

NIK = r"\d{16}"
TAMBAHAN_PEREMPUAN = 40


@dokumen
class Pasien(Dokumen):
    """Pasien puskesmas."""

    faskes: str = bidang("Puskesmas", "§2.1/1", rujuk="faskes", contoh="pkm-dharma-rini", cari=True)
    noRM: str = bidang("Nomor rekam medis", "§2.1/1", contoh="RM-000123", cari=True, rahasia=True)
    nama: str = bidang("Nama lengkap", "§2.1/1", contoh="Siti Rahmawati", cari=True, rahasia=True)
    tanggalLahir: date = bidang(
        "Tanggal lahir", "§2.1/1", contoh="1986-03-12", cari=True, rahasia=True, terjadi=True
    )
    jenisKelamin: JenisKelamin = bidang("Jenis kelamin", "§2.1/1", contoh="female", cari=True)
    provinsi: str = bidang("Kode provinsi", "§2.1/1", pola=r"\d{2}", contoh="99")
    kabupaten: str = bidang("Kode kabupaten/kota", "§2.1/1", pola=r"\d{4}", contoh="9902")
    kecamatan: str = bidang("Kode kecamatan", "§2.1/1", pola=r"\d{6}", contoh="990201", cari=True)
    desa: str = bidang(
        "Kode desa/kelurahan", "§2.1/1", pola=r"\d{10}", contoh="9902012001", cari=True
    )
    nik: str | None = bidang(
        "Nomor induk kependudukan",
        "§2.1/1, §0",
        default=None,
        contoh="9902015203860001",
        cari=True,
        rahasia=True,
    )
    nikIbu: str | None = bidang(
        "NIK ibu (bayi baru lahir)",
        "§2.1/1",
        default=None,
        pola=NIK,
        contoh="9902015203860001",
        cari=True,
        rahasia=True,
    )
    ihs: str | None = bidang(
        "Nomor IHS SATUSEHAT",
        "§2.1/1",
        default=None,
        contoh="P00000000001",
        cari=True,
        rahasia=True,
    )
    noKK: str | None = bidang(
        "Nomor kartu keluarga",
        "§2.1/1",
        default=None,
        pola=r"\d{16}",
        contoh="9902010101100001",
        cari=True,
        rahasia=True,
    )
    noBPJS: str | None = bidang(
        "Nomor kartu BPJS",
        "§2.1/1",
        default=None,
        pola=r"\d{13}",
        contoh="9900000000001",
        cari=True,
        rahasia=True,
    )
    noBukuKIA: str | None = bidang(
        "Nomor buku KIA",
        "§2.1/1",
        default=None,
        contoh="KIA-2024-0117",
        cari=True,
        rahasia=True,
    )
    urutanLahir: int | None = bidang(
        "Urutan lahir: 0 tunggal; kembar 1, 2, 3", "§2.1/1", default=None, contoh=1
    )
    hp: str | None = bidang(
        "Nomor telepon genggam",
        "§2.1/1",
        default=None,
        contoh="6280000000001",
        cari=True,
        rahasia=True,
    )
    alamat: str | None = bidang("Alamat", "§2.1/1", default=None, contoh="Dusun Krajan")
    rt: str | None = bidang("RT", "§2.1/1", default=None, pola=r"\d{1,3}", contoh="02")
    rw: str | None = bidang("RW", "§2.1/1", default=None, pola=r"\d{1,3}", contoh="01")
    statusKawin: StatusKawin | None = bidang(
        "Status perkawinan", "§2.1/1", default=None, contoh="kawin"
    )
    disabilitas: bool | None = bidang(
        "Penyandang disabilitas", "§2.1/1, BR-B20", default=None, contoh=False
    )
    golDarah: GolonganDarah | None = bidang(
        "Golongan darah", "§2.1/1", default=None, kode="golongan-darah", contoh="A+"
    )


def periksa(pasien: Pasien) -> Iterator[Teguran]:
    """Find what one registration can get wrong."""
    yield from _wilayah(pasien)
    if pasien.nik is not None:
        yield from _nik(pasien.nik, pasien)
    if pasien.urutanLahir is not None and pasien.urutanLahir < 0:
        yield Teguran(
            "urutanLahir", f"{pasien.urutanLahir} kurang dari 0.", "0 (tunggal), 1, 2, 3 …"
        )


def umur(tanggal_lahir: date, pada: date) -> int:
    """Count the whole years of age on a day."""
    belum = (pada.month, pada.day) < (tanggal_lahir.month, tanggal_lahir.day)
    return pada.year - tanggal_lahir.year - belum


def _wilayah(pasien: Pasien) -> Iterator[Teguran]:
    codes = ("provinsi", "kabupaten", "kecamatan", "desa")
    for luar, dalam in pairwise(codes):
        awal, kode = getattr(pasien, luar), getattr(pasien, dalam)
        if not kode.startswith(awal):
            yield Teguran(
                dalam,
                f"{kode} tidak terletak di {luar} {awal}.",
                f"kode yang berawal {awal}.",
                "domain §2.1/1",
            )


def _nik(nik: str, pasien: Pasien) -> Iterator[Teguran]:
    if len(nik) != 16 or not (nik.isascii() and nik.isdigit()):
        yield Teguran(
            "nik",
            f"{len(nik)} tanda, bukan 16 angka.",
            "16 angka; bayi atau orang asing tanpa NIK: kosongkan.",
            "domain §0",
        )
    elif nik[6:12] != (bagian := bagian_lahir(pasien.tanggalLahir, pasien.jenisKelamin)):
        yield Teguran(
            "nik",
            f"angka ke-7 s.d. 12 tidak cocok dengan tanggal lahir {pasien.tanggalLahir} dan "
            f"jenis kelamin {pasien.jenisKelamin}.",
            f"{bagian}; periksa KTP, Dukcapil yang menentukan.",
            "domain §0",
            jenis="peringatan",
        )


def bagian_lahir(tanggal_lahir: date, jenis_kelamin: str) -> str:
    """Write a birth as digits 7 to 12 of a NIK: DDMMYY, the day plus 40 for women."""
    hari = tanggal_lahir.day + (TAMBAHAN_PEREMPUAN if jenis_kelamin == "female" else 0)
    return f"{hari:02d}{tanggal_lahir:%m%y}"
