"""PemantauanIsoman: one reading of a patient in isolation at home (domain §1.A A1, §3.3).

Twice a day. What a message names is proposed by the server and counts once staff have confirmed it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import pihak
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.ambang import Temuan, Ukuran, perlu_eskalasi
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.isolasi import Sesi, sesi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import tzinfo

GejalaIsoman = Literal[
    "demam", "batuk", "pilek", "nyeri-tenggorokan", "sesak-napas", "anosmia", "lemas", "diare"
]
StatusBacaan = Literal["menunggu-konfirmasi", "dikonfirmasi", "ditolak", "salah-entri"]
MENUNDA: Final = frozenset({"demam", "batuk", "pilek", "nyeri-tenggorokan", "sesak-napas"})
"""Fever and respiratory symptoms: while one of them lasts, the isolation does."""

ALUR_BACAAN: Final = Alur(
    nama="bacaan-isoman",
    benda="bacaan isolasi mandiri",
    thing="reading in isolation",
    aturan="domain §3.3",
    keadaan={
        "menunggu-konfirmasi": Keadaan(("dikonfirmasi", "ditolak"), ("server",), "to be confirmed"),
        "dikonfirmasi": Keadaan((), ("petugas",), "confirmed"),
        "ditolak": Keadaan((), ("petugas",), "rejected"),
        "salah-entri": Keadaan((), ("petugas",), "entered in error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class PemantauanIsoman(Dokumen):
    """Bacaan pemantauan isolasi mandiri."""

    isolasi: str = bidang(
        "Isolasi mandiri", "§3.3", rujuk="isolasi-mandiri", contoh="isoman-joko", cari=True
    )
    pasien: str = bidang("Pasien", "§3.3", rujuk="pasien", contoh="joko", cari=True)
    waktu: datetime = bidang(
        "Waktu bacaan", "§3.3", contoh="2021-07-13T18:30:00+07:00", cari=True, terjadi=True
    )
    pelapor: str = bidang("Pelapor", "§1.A A1", pola=pihak.POLA, contoh="pasien/joko")
    sesi: Sesi | None = bidang(
        "Sesi", "§3.3", default=None, kode="sesi-pemantauan", contoh="sore", server=True
    )
    suhu: Decimal | None = bidang("Suhu (°C)", "§3.3", default=None, contoh=37.4)
    spo2: int | None = bidang("SpO₂ (%)", "§3.3", default=None, contoh=97)
    napas: int | None = bidang("Napas per menit", "§3.3", default=None, contoh=20)
    nadi: int | None = bidang("Nadi per menit", "§3.3", default=None, contoh=88)
    gejala: tuple[GejalaIsoman, ...] = bidang(
        "Gejala", "§3.3", default=(), kode="gejala-isoman", contoh=["batuk"]
    )
    pesan: str | None = bidang(
        "Pesan yang memuatnya", "§1.A A1", default=None, rujuk="pesan-chat", contoh="pesan-s6"
    )
    status: StatusBacaan = bidang(
        "Status",
        "§3.3",
        default="dikonfirmasi",
        kode="status-bacaan",
        contoh="dikonfirmasi",
        cari=True,
    )
    dikonfirmasiOleh: str | None = bidang(
        "Petugas yang mengonfirmasi",
        "§3.3",
        default=None,
        rujuk="petugas",
        contoh="bidan-desa-ngelo",
    )
    catatan: str | None = bidang("Catatan", "§3.3", default=None)


def periksa(bacaan: PemantauanIsoman) -> Iterator[Teguran]:
    """Find what one reading can get wrong."""
    nilai = (bacaan.suhu, bacaan.spo2, bacaan.napas, bacaan.nadi)
    if all(each is None for each in nilai) and not bacaan.gejala and not bacaan.catatan:
        yield Teguran("suhu", "kosong.", "suhu, SpO₂, napas, gejala, atau catatan.", "§3.3")
    for nama, rendah, tinggi in (
        ("suhu", 30, 45),
        ("spo2", 0, 100),
        ("napas", 0, 100),
        ("nadi", 0, 300),
    ):
        each = getattr(bacaan, nama)
        if each is not None and not rendah <= each <= tinggi:
            yield Teguran(nama, f"{each} di luar kemungkinan.", f"{rendah} sampai {tinggi}.")
    if len(set(bacaan.gejala)) < len(bacaan.gejala):
        yield Teguran("gejala", "menyebut satu gejala dua kali.", "tiap gejala satu kali.")
    if bacaan.status == "dikonfirmasi" and bacaan.dikonfirmasiOleh is None:
        yield Teguran(
            "dikonfirmasiOleh", "kosong.", "petugas yang mengonfirmasi bacaan ini.", "§3.3"
        )


def periksa_perubahan(lama: Mapping[str, Any], baru: PemantauanIsoman) -> Iterator[Teguran]:
    """Find which moves are forbidden."""
    if teguran := ALUR_BACAAN.pindah(lama.get("status"), baru.status):
        yield teguran


def lengkap(bacaan: PemantauanIsoman, zona: tzinfo | None) -> PemantauanIsoman:
    """Fill the session of the day."""
    return replace(bacaan, sesi=sesi(bacaan.waktu.astimezone(zona))[1])


def bergejala(bacaan: PemantauanIsoman) -> bool:
    """Tell whether a reading shows fever or a respiratory symptom, which prolongs the isolation."""
    demam = bacaan.suhu is not None and bacaan.suhu >= 38
    return demam or not MENUNDA.isdisjoint(bacaan.gejala)


def gawat(bacaan: PemantauanIsoman) -> list[Temuan]:
    """Give what of a reading cannot wait."""
    return perlu_eskalasi(
        Ukuran(
            spo2=bacaan.spo2,
            suhu=bacaan.suhu,
            napas=bacaan.napas,
            sesak="sesak-napas" in bacaan.gejala,
            isoman=True,
        )
    )
