"""Tarif: the price of one service by the regency's ordinance (domain §1.B B-att2, §2.1 row 37).

A price in force is not changed: a new ordinance is a new document of the same code.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JenisLayananTarif = Literal["kunjungan", "tindakan", "pemeriksaan", "obat", "imunisasi", "lab"]
StatusTarif = Literal["konsep", "aktif", "dicabut"]

BR_B22: Final = "BR-B22"
ALUR_TARIF: Final = Alur(
    nama="tarif",
    benda="tarif",
    thing="price",
    aturan="alur tarif (domain §2.1/37)",
    keadaan={
        "konsep": Keadaan(("aktif", "dicabut"), ("tata usaha",), "draft"),
        "aktif": Keadaan(("dicabut",), ("tata usaha",), "active"),
        "dicabut": Keadaan((), ("tata usaha",), "retired"),
    },
)


@dokumen
class Tarif(Dokumen):
    """Tarif layanan menurut peraturan daerah."""

    kode: str = bidang(
        "Kode tarif", "§2.1/37", pola=r"[a-z0-9]+(-[a-z0-9]+)*", contoh="kb-suntik", cari=True
    )
    nama: str = bidang("Nama layanan", "§2.1/37", contoh="Suntik KB", cari=True)
    harga: Decimal = bidang("Harga, dalam rupiah", "§2.1/37", contoh=20000)
    jenis: JenisLayananTarif = bidang(
        "Layanan apa yang dihargai", "BR-B22", kode="jenis-layanan-tarif", contoh="tindakan"
    )
    peraturan: str = bidang(
        "Peraturan dasar", "§1.B B-att2", pola=r"[a-z0-9]+(-[a-z0-9]+)*", contoh="perda-12-2023"
    )
    berlakuDari: date = bidang("Berlaku sejak", "§2.1/37", contoh="2024-01-01")
    berlakuSampai: date | None = bidang("Berlaku sampai", "§2.1/37", default=None)
    status: StatusTarif = bidang(
        "Status", "§2.1/37", default="aktif", kode="status-tarif", cari=True
    )


def periksa(tarif: Tarif) -> Iterator[Teguran]:
    """Find what one price can get wrong."""
    if tarif.harga < 0:
        yield Teguran("harga", f"{tarif.harga}.", "nol atau lebih.")
    if tarif.berlakuSampai is not None and tarif.berlakuSampai < tarif.berlakuDari:
        yield Teguran("berlakuSampai", "lebih awal.", f"sesudah {tarif.berlakuDari}.")


def periksa_perubahan(lama: Mapping[str, Any], baru: Tarif) -> Iterator[Teguran]:
    """Find which changes a price forbids."""
    if salah := ALUR_TARIF.pindah(lama.get("status"), baru.status, baru.kode):
        yield salah


def harga_tetap(kode: str, dulu: Decimal | None, kini: Decimal | None) -> Teguran | None:
    """Judge BR-B22: the price of a tariff in force stays as it is."""
    if dulu is None or dulu == kini:
        return None
    return Teguran(
        "harga",
        f"tarif {kode} berlaku dengan harga {dulu:f}.",
        "cabut tarif ini dan buat yang baru menurut peraturan baru.",
        BR_B22,
        jenis="keadaan",
        english=f"BR-B22: tariff {kode} is in force at {dulu:f}; retire it and make a new one by "
        "the new ordinance.",
    )


def tarif_ganda(kode: str) -> Teguran:
    """Word BR-B22: one ordinance has one price for a service."""
    return Teguran(
        "kode",
        f"tarif {kode} sudah ada pada peraturan itu.",
        "satu tarif untuk satu kode pada satu peraturan.",
        BR_B22,
        jenis="keadaan",
        english=f"BR-B22: that ordinance has a tariff {kode} already; one code has one price.",
    )
