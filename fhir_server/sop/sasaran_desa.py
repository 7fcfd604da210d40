"""SasaranDesa: how many people a village's services are meant for in a year (domain §6)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator

TAHUN = (2000, 2100)
CBR_TERBESAR = 60
KELOMPOK = {
    "ibuHamil": "ibu-hamil",
    "bersalin": "bersalin",
    "nifas": "nifas",
    "bayi": "bayi",
    "balita": "balita",
    "pus": "pus",
}
"""Field of the document → target group."""


@dokumen
class SasaranDesa(Dokumen):
    """Sasaran program satu desa dalam satu tahun."""

    faskes: str = bidang("Puskesmas", "§6", rujuk="faskes", contoh="pkm-dharma-rini", cari=True)
    desa: str = bidang("Kode desa/kelurahan", "§6", pola=r"\d{10}", contoh="9901022001", cari=True)
    tahun: int = bidang("Tahun", "§6", contoh=2024, cari=True)
    penduduk: int | None = bidang("Jumlah penduduk", "§6", default=None, contoh=3200)
    cbr: Decimal | None = bidang(
        "Angka kelahiran kasar per 1.000 penduduk; kosong: setelan server",
        "§6",
        default=None,
        contoh=16.5,
    )
    ibuHamil: int | None = bidang("Sasaran resmi ibu hamil", "§6", default=None, contoh=60)
    bersalin: int | None = bidang("Sasaran resmi ibu bersalin", "§6", default=None, contoh=57)
    nifas: int | None = bidang(
        "Sasaran resmi ibu nifas; kosong: sama dengan bersalin", "§6", default=None, contoh=57
    )
    bayi: int | None = bidang("Sasaran resmi bayi", "§6", default=None, contoh=54)
    balita: int | None = bidang("Sasaran resmi balita", "§6", default=None, contoh=250)
    pus: int | None = bidang(
        "Sasaran resmi pasangan usia subur (PUS)", "§6", default=None, contoh=540
    )
    dasar: str | None = bidang(
        "Dasar angka, mis. surat keputusan", "§6", default=None, contoh="SK Dinkes 440/017/2024"
    )


SATU_SASARAN = "SATU-SASARAN"


def sudah_ada(nomor: str) -> Teguran:
    """Word SATU-SASARAN: this village and year has its targets already."""
    return Teguran(
        "desa",
        f"sasaran {nomor} untuk tahun itu sudah ada.",
        "ubah yang ada (PUT), atau nonaktifkan dahulu.",
        SATU_SASARAN,
        jenis="keadaan",
        english=f"{SATU_SASARAN}: the target {nomor} of that year is there already. Change that "
        "one, or make it inactive first.",
    )


def periksa(sasaran: SasaranDesa) -> Iterator[Teguran]:
    """Find what one set of targets can get wrong."""
    if not TAHUN[0] <= sasaran.tahun <= TAHUN[1]:
        yield Teguran("tahun", f"{sasaran.tahun}.", f"antara {TAHUN[0]} dan {TAHUN[1]}.", "§6")
    for nama in ("penduduk", *KELOMPOK):
        angka = getattr(sasaran, nama)
        if angka is not None and angka < 0:
            yield Teguran(nama, f"{angka} kurang dari nol.", "0 atau lebih.", "domain §6")
    if sasaran.cbr is not None and not 0 < sasaran.cbr <= CBR_TERBESAR:
        yield Teguran(
            "cbr", f"{sasaran.cbr}.", f"lebih dari 0 sampai {CBR_TERBESAR} per 1.000.", "domain §6"
        )
    if sasaran.penduduk is None and all(getattr(sasaran, nama) is None for nama in KELOMPOK):
        yield Teguran(
            "penduduk",
            "kosong, dan tidak ada satu pun sasaran resmi.",
            "jumlah penduduk (untuk perkiraan) atau paling sedikit satu sasaran resmi.",
            "domain §6",
        )


def periksa_perubahan(lama: object, baru: SasaranDesa) -> Iterator[Teguran]:
    """Find which changes are forbidden: targets stay those of their village and year."""
    ambil = lama.get if isinstance(lama, dict) else dict[str, object]().get
    for nama in ("desa", "tahun"):
        if ambil(nama) not in (None, getattr(baru, nama)):
            yield Teguran(
                nama,
                f"berubah dari {ambil(nama)} ke {getattr(baru, nama)}.",
                "tetap; buat dokumen baru untuk desa atau tahun lain.",
                "domain §6",
                jenis="keadaan",
                english="Targets stay those of their village and year; make new ones (domain §6).",
            )
