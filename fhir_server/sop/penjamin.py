"""Penjamin: who bears the costs of a patient (domain §1.B B-att2, §2.1 row 37)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.unit import Penjamin as JenisPenjamin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

StatusPenjamin = Literal["aktif", "berhenti", "salah-entri"]
BPJS: Final = ("bpjs-pbi", "bpjs-nonpbi")
DITANGGUNG: Final = (*BPJS, "gratis")
"""Who has these pays nothing (BR-B21)."""

ALUR_PENJAMIN: Final = Alur(
    nama="penjamin",
    benda="penjamin",
    thing="coverage",
    aturan="alur penjamin (domain §2.1/37)",
    keadaan={
        "aktif": Keadaan(("berhenti",), ("petugas pendaftaran",), "active"),
        "berhenti": Keadaan(("aktif",), ("petugas pendaftaran",), "cancelled"),
        "salah-entri": Keadaan((), ("petugas pendaftaran",), "entered-in-error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class Penjamin(Dokumen):
    """Penjamin biaya pasien."""

    pasien: str = bidang("Pasien", "§2.1/37", rujuk="pasien", contoh="yuliana", cari=True)
    jenis: JenisPenjamin = bidang(
        "Jenis penjamin", "§2.1/37", kode="jenis-penjamin", contoh="bpjs-pbi", cari=True
    )
    nomor: str | None = bidang(
        "Nomor kartu BPJS", "§2.1/37", default=None, pola=r"\d{13}", contoh="9900000000014"
    )
    mulai: date | None = bidang("Berlaku sejak", "§2.1/37", default=None, contoh="2024-01-01")
    sampai: date | None = bidang("Berlaku sampai", "§2.1/37", default=None, contoh="2024-12-31")
    status: StatusPenjamin = bidang(
        "Status", "§2.1/37", default="aktif", kode="status-penjamin", cari=True
    )


def periksa(penjamin: Penjamin) -> Iterator[Teguran]:
    """Find what one coverage can get wrong."""
    if penjamin.jenis in BPJS and penjamin.nomor is None:
        yield Teguran("nomor", "kosong.", "nomor kartu BPJS, 13 angka.", "domain §2.1/37")
    if penjamin.mulai and penjamin.sampai and penjamin.sampai < penjamin.mulai:
        yield Teguran("sampai", "lebih awal daripada mulai.", f"sesudah {penjamin.mulai}.")


def periksa_perubahan(lama: Mapping[str, Any], baru: Penjamin) -> Iterator[Teguran]:
    """Find which changes a coverage forbids."""
    if salah := ALUR_PENJAMIN.pindah(lama.get("status"), baru.status):
        yield salah


def ditanggung(jenis: str | None) -> bool:
    """Say whether another bears the costs (BR-B21); nobody known means the patient does."""
    return jenis in DITANGGUNG
