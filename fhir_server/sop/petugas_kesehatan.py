"""PetugasKesehatan: who works at a facility or with it, in one role (domain §2.1 row 3)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

Peran = Literal[
    "bidan",
    "dokter",
    "dokter-gigi",
    "perawat",
    "analis",
    "apoteker",
    "pendaftaran",
    "kasir",
    "kader",
    "operator-wa",
    "mahasiswa",
    "auditor",
    "camat",
    "tim-pelaksana",
]


@dokumen
class PetugasKesehatan(Dokumen):
    """Petugas kesehatan atau mitra, dalam satu peran."""

    nama: str = bidang("Nama", "§2.1/3", contoh="Bidan Wulan Sari", cari=True)
    peran: Peran = bidang("Peran", "§2.1/3", kode="peran-petugas", contoh="bidan", cari=True)
    faskes: str = bidang("Faskes", "§2.1/3", rujuk="faskes", contoh="pkm-dharma-rini", cari=True)
    aktifDari: date = bidang("Aktif sejak", "§2.1/3", contoh="2023-01-02")
    aktifSampai: date | None = bidang("Aktif sampai", "§2.1/3", default=None)
    unit: Unit | None = bidang("Unit", "§2.1/3", default=None, kode="unit-layanan", contoh="kia")
    nik: str | None = bidang(
        "NIK", "§2.1/3", default=None, pola=r"\d{16}", contoh="9901014502900004"
    )
    nip: str | None = bidang("NIP", "§2.1/3", default=None, pola=r"\d{18}")
    ihsNakes: str | None = bidang("Nomor IHS tenaga kesehatan", "§2.1/3", default=None)
    noSTR: str | None = bidang("Nomor STR", "§2.1/3", default=None)
    noSIP: str | None = bidang("Nomor SIP", "§2.1/3", default=None)
    hp: str | None = bidang("Nomor telepon genggam", "§2.1/3", default=None)
    kualifikasi: tuple[str, ...] = bidang(
        "Kualifikasi (pelatihan, sertifikat)",
        "§1.E",
        default=(),
        contoh=["Pelatihan pendampingan ibu hamil risiko tinggi, KB, dan ASI eksklusif"],
    )
    desaBinaan: tuple[str, ...] = bidang("Kode desa binaan", "§2.1/3", default=())


def periksa(petugas: PetugasKesehatan) -> Iterator[Teguran]:
    """Find what one role can get wrong."""
    if petugas.aktifSampai is not None and petugas.aktifSampai < petugas.aktifDari:
        yield Teguran(
            "aktifSampai", "lebih awal daripada aktifDari.", f"{petugas.aktifDari} atau sesudahnya."
        )
    for kode in petugas.desaBinaan:
        if not (kode.isdigit() and len(kode) == 10):
            yield Teguran("desaBinaan", f"{kode} bukan kode desa.", "10 angka.", "domain §2.1/3")
