"""KeluargaPasien: who speaks and is told things for a patient (domain §2.1 row 2, §1.A A-def)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator

Hubungan = Literal[
    "ibu", "ayah", "suami", "istri", "anak", "saudara", "kakek-nenek", "cucu", "kerabat",
    "wali", "tetangga", "teman",
]  # fmt: skip
POLA_HP = r"\+?[0-9]{8,15}"


@dokumen
class KeluargaPasien(Dokumen):
    """Keluarga atau pendamping pasien."""

    pasien: str = bidang("Pasien", "§2.1/2", rujuk="pasien", contoh="endang", cari=True)
    hubungan: Hubungan = bidang(
        "Hubungan dengan pasien", "§2.1/2", kode="hubungan-keluarga", contoh="suami"
    )
    nama: str = bidang("Nama", "§2.1/2", contoh="Slamet Riyadi", cari=True, rahasia=True)
    hp: str | None = bidang(
        "Nomor telepon",
        "§2.1/2",
        default=None,
        pola=POLA_HP,
        contoh="6280000000021",
        cari=True,
        rahasia=True,
    )
    jenisKelamin: Literal["male", "female"] | None = bidang(
        "Jenis kelamin", "§2.1/2", default=None, contoh="male"
    )
    alamat: str | None = bidang("Alamat", "§2.1/2", default=None, contoh="Dusun Krajan")
    mulai: date | None = bidang("Berlaku sejak", "§2.1/2", default=None, contoh="2024-01-08")
    sampai: date | None = bidang("Berlaku sampai", "§2.1/2", default=None)
    aktif: bool = bidang("Masih boleh dihubungi", "§2.1/2", default=True, contoh=True)


def periksa(keluarga: KeluargaPasien) -> Iterator[Teguran]:
    """Find what one relative can get wrong."""
    if not keluarga.nama.strip():
        yield Teguran("nama", "kosong.", "nama keluarga.")
    if keluarga.mulai and keluarga.sampai and keluarga.sampai < keluarga.mulai:
        yield Teguran("sampai", "sebelum mulai.", "sama dengan mulai atau sesudahnya.")
