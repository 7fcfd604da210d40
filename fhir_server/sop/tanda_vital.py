"""TandaVital: the vital signs taken of a patient at one moment (domain §2.1 row 11, §3.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from fhir_server.sop.dokumen import Dokumen, bidang, dokumen
from fhir_server.sop.episode_kehamilan import imt
from fhir_server.sop.hasil_ukur import HasilUkur, PenandaUkur, periksa_ukur, tandai

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.sop.dokumen import Teguran

StatusUkur = Literal["akhir", "dikoreksi", "salah-entri"]


@dokumen
class TandaVital(Dokumen):
    """Tanda vital."""

    pasien: str = bidang("Pasien", "§2.1/11", rujuk="pasien", contoh="siti", cari=True)
    kunjungan: str | None = bidang(
        "Kunjungan", "§2.1/11", default=None, rujuk="kunjungan", contoh="anc-s1", cari=True
    )
    waktu: datetime = bidang(
        "Waktu diukur", "§2.1/11", contoh="2024-04-02T08:50:00+07:00", cari=True, terjadi=True
    )
    pemeriksa: str = bidang("Pemeriksa", "§2.1/11", rujuk="petugas-kesehatan", contoh="bidan-kia")
    hasil: HasilUkur = bidang("Hasil ukur", "§3.4")
    status: StatusUkur = bidang("Status", "§2.1/11", default="akhir", kode="status-hasil-lab")
    imt: Decimal | None = bidang(
        "Indeks massa tubuh (kg/m²)", "§3.4", default=None, contoh=26.6, server=True
    )
    penanda: tuple[PenandaUkur, ...] = bidang(
        "Arti tiap hasil menurut umur", "§3.4", default=(), server=True
    )


def periksa(tanda: TandaVital) -> Iterator[Teguran]:
    """Find what one set of readings can get wrong."""
    return periksa_ukur(tanda.hasil, "hasil")


def lengkap(tanda: TandaVital, umur_bulan: int | None, *, hamil: bool) -> TandaVital:
    """Count the body mass index, of who is not pregnant, and mark the values."""
    return replace(
        tanda,
        imt=None if hamil else imt(tanda.hasil.berat, tanda.hasil.tinggi),
        penanda=tandai(tanda.hasil, umur_bulan, hamil=hamil),
    )
