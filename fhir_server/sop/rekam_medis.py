"""RekamMedis: the paper record on its way from registration to a unit and back (domain §1.B B4)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

StatusRekamMedis = Literal["diminta", "diserahkan", "kembali", "tidak-ditemukan", "batal"]
KLINIS, PENDAFTARAN = ("petugas layanan klinis",), ("petugas pendaftaran",)
ALUR_REKAM_MEDIS: Final = Alur(
    nama="rekam-medis",
    benda="pengambilan rekam medis",
    thing="fetching of a record",
    aturan="BR-B4 (domain §1.B B4)",
    keadaan={
        "diminta": Keadaan(("diserahkan", "tidak-ditemukan", "batal"), KLINIS, "requested"),
        "diserahkan": Keadaan(("kembali",), PENDAFTARAN, "in-progress"),
        "kembali": Keadaan((), KLINIS, "completed"),
        "tidak-ditemukan": Keadaan((), PENDAFTARAN, "failed"),
        "batal": Keadaan((), KLINIS, "cancelled"),
    },
)


@dokumen
class RekamMedis(Dokumen):
    """Pengambilan berkas rekam medis."""

    pasien: str = bidang("Pasien", "§1.B B4", rujuk="pasien", contoh="siti", cari=True)
    kunjungan: str = bidang("Kunjungan", "§1.B B4", rujuk="kunjungan", contoh="anc-s1", cari=True)
    unit: Unit = bidang("Unit yang meminta", "§1.B B4", kode="unit-layanan", contoh="kia")
    peminta: str = bidang(
        "Petugas layanan klinis", "§1.B B4", rujuk="petugas-kesehatan", contoh="bidan-kia"
    )
    pendaftaran: str = bidang(
        "Petugas pendaftaran",
        "§1.B B4",
        rujuk="petugas-kesehatan",
        contoh="pendaftaran-dharma-rini",
    )
    waktu: datetime = bidang(
        "Waktu diminta", "§1.B B4", contoh="2024-04-02T08:30:00+07:00", terjadi=True
    )
    diserahkan: datetime | None = bidang(
        "Waktu diserahkan",
        "§1.B B4",
        default=None,
        contoh="2024-04-02T08:36:00+07:00",
        terjadi=True,
    )
    kembali: datetime | None = bidang("Waktu kembali", "§1.B B4", default=None, terjadi=True)
    status: StatusRekamMedis = bidang(
        "Status", "§1.B B4", default="diminta", kode="status-rekam-medis", cari=True
    )
    alasan: str | None = bidang("Alasan tidak diambil", "§1.B B4", default=None)


def periksa(berkas: RekamMedis) -> Iterator[Teguran]:
    """Find what one fetching can get wrong."""
    if berkas.status in {"diserahkan", "kembali"} and berkas.diserahkan is None:
        yield Teguran("diserahkan", "kosong.", "kapan berkas diserahkan.", "BR-B4")
    if berkas.status == "kembali" and berkas.kembali is None:
        yield Teguran("kembali", "kosong.", "kapan berkas kembali.", "BR-B4")
    if berkas.diserahkan and berkas.diserahkan < berkas.waktu:
        yield Teguran("diserahkan", "sebelum diminta.", f"sesudah {berkas.waktu}.")
    if berkas.diserahkan and berkas.kembali and berkas.kembali < berkas.diserahkan:
        yield Teguran("kembali", "sebelum diserahkan.", f"sesudah {berkas.diserahkan}.")
    if berkas.status in {"tidak-ditemukan", "batal"} and not berkas.alasan:
        yield Teguran("alasan", "kosong.", "mengapa berkas tidak diambil.", "BR-B4")


def periksa_perubahan(lama: Mapping[str, Any], baru: RekamMedis) -> Iterator[Teguran]:
    """Find which changes a fetching forbids."""
    if salah := ALUR_REKAM_MEDIS.pindah(lama.get("status"), baru.status):
        yield salah
