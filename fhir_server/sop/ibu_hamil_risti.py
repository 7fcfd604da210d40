"""IbuHamilRisti: that a pregnancy is at high risk, since when, and why (domain §2.1 row 22).

The flag follows from the KSPR card. It is entered by hand only for a woman whose card is on paper.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from fhir_server.sop.diagnosis import POLA_ICD10
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.rencana_asuhan import KelompokRisti

if TYPE_CHECKING:
    from collections.abc import Iterator

StatusPenanda = Literal["aktif", "berakhir"]


@dokumen
class IbuHamilRisti(Dokumen):
    """Penanda ibu hamil risiko tinggi."""

    pasien: str = bidang("Ibu hamil", "§2.1/22", rujuk="pasien", contoh="siti", cari=True)
    sejak: datetime = bidang("Sejak", "§2.1/22", contoh="2024-04-02T10:15:00+07:00", terjadi=True)
    kelompok: KelompokRisti = bidang(
        "Kelompok risiko", "§2.1/22", kode="kelompok-risiko-kspr", contoh="KRST"
    )
    alasan: tuple[str, ...] = bidang(
        "Alasan (diagnosis ICD-10)", "§2.1/22", pola=POLA_ICD10, contoh=["Z35.8", "O34.2"]
    )
    pencatat: str = bidang("Pencatat", "§2.1/22", rujuk="petugas", contoh="bidan-kia")
    skor: str | None = bidang(
        "Kartu skor yang mendasari",
        "§3.1",
        default=None,
        rujuk="skor-poedji-rochjati",
        contoh="kspr-s1",
    )
    kunjungan: str | None = bidang(
        "Kunjungan", "§2.1/22", default=None, rujuk="kunjungan", contoh="anc-s1"
    )
    status: StatusPenanda = bidang(
        "Status", "§2.1/22", default="aktif", kode="status-penanda", contoh="aktif", cari=True
    )
    sampai: datetime | None = bidang("Sampai", "§2.1/22", default=None)


def periksa(risti: IbuHamilRisti) -> Iterator[Teguran]:
    """Find what one flag can get wrong."""
    if not risti.alasan:
        yield Teguran("alasan", "kosong.", "paling sedikit satu diagnosis ICD-10.", "§2.1/22")
    if len(set(risti.alasan)) < len(risti.alasan):
        yield Teguran("alasan", "menyebut satu diagnosis dua kali.", "tiap diagnosis satu kali.")
    if (risti.status == "berakhir") != (risti.sampai is not None):
        yield Teguran(
            "sampai", f"tidak cocok dengan status {risti.status}.", "waktu, bila berakhir saja."
        )
    if risti.sampai is not None and risti.sampai < risti.sejak:
        yield Teguran("sampai", "sebelum sejak.", "sesudahnya.")
