"""The states of a RujukBalik and the moves between them (BR-R1, domain §5.2 last paragraph)."""

from __future__ import annotations

from typing import Final

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.status_rujukan import BR_R1

RUMAH_SAKIT, PENERIMA = ("fasilitas yang merujuk balik",), ("penerima rujuk balik",)

ALUR_RUJUK_BALIK: Final = Alur(
    nama="rujuk-balik",
    benda="rujuk balik",
    thing="back-referral",
    aturan=BR_R1,
    keadaan={
        "dikirim": Keadaan(("diterima-sistem", "disetujui", "ditolak", "dibatalkan"), RUMAH_SAKIT),
        "diterima-sistem": Keadaan(("disetujui", "ditolak", "dibatalkan"), PENERIMA),
        "disetujui": Keadaan(("dipantau", "ditolak", "gagal"), PENERIMA),
        "dipantau": Keadaan(("selesai", "gagal"), PENERIMA),
        "selesai": Keadaan((), PENERIMA),
        "ditolak": Keadaan((), PENERIMA),
        "gagal": Keadaan((), PENERIMA),
        "dibatalkan": Keadaan((), RUMAH_SAKIT),
        "salah-entri": Keadaan((), RUMAH_SAKIT),
    },
    selalu=("salah-entri",),
)
"""``dipantau`` begins with the first contact; ``ditolak`` says bukan-wilayah or pindah, ``gagal``
tidak-ditemukan. A patient who turns out to live elsewhere may be refused after acceptance too."""

BERAKHIR: Final = ALUR_RUJUK_BALIK.akhir
PERLU_ALASAN: Final = ("ditolak", "gagal", "dibatalkan")
