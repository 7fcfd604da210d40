"""The states of a Rujukan and the moves between them (BR-R1).

One table; everything that asks whether a referral may move asks it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Teguran

if TYPE_CHECKING:
    from collections.abc import Sequence

BR_R1 = "BR-R1"
BR_R3 = "BR-R3"
PERUJUK, TUJUAN = ("fasilitas perujuk",), ("fasilitas tujuan",)

AWAL: Final = ("disusun", "dikirim")
"""The states in which a referral may begin."""

ALUR_RUJUKAN: Final = Alur(
    nama="rujukan",
    benda="rujukan",
    thing="referral",
    aturan=BR_R1,
    keadaan={
        "disusun": Keadaan(("dikirim", "salah-entri"), PERUJUK),
        "dikirim": Keadaan(("diterima-sistem", "disetujui", "ditolak", "dibatalkan"), PERUJUK),
        "diterima-sistem": Keadaan(("disetujui", "ditolak", "dibatalkan"), TUJUAN),
        "disetujui": Keadaan(("pasien-tiba", "tidak-datang", "pembatalan-diminta"), TUJUAN),
        "ditolak": Keadaan(("dibatalkan",), TUJUAN),
        "pasien-tiba": Keadaan(("dalam-perawatan", "dirujuk-balik"), TUJUAN),
        "tidak-datang": Keadaan(("disetujui", "pembatalan-diminta"), TUJUAN),
        "dalam-perawatan": Keadaan(("dirujuk-balik", "selesai-tanpa-rujuk-balik"), TUJUAN),
        "dirujuk-balik": Keadaan((), TUJUAN),
        "selesai-tanpa-rujuk-balik": Keadaan((), TUJUAN),
        "pembatalan-diminta": Keadaan(("dibatalkan", "disetujui"), PERUJUK),
        "dibatalkan": Keadaan((), (*PERUJUK, *TUJUAN)),
        "salah-entri": Keadaan((), PERUJUK),
    },
)
"""A hospital that does not confirm a wish to cancel sets ``disetujui`` again; after ``ditolak``
the referral goes to another facility as new work, or is given up."""

BERIKUT: Final = ALUR_RUJUKAN.berikut


def boleh_pindah(dari: str, ke: str) -> bool:
    """Say whether a referral in state ``dari`` may be in state ``ke`` next; staying is no move."""
    return ALUR_RUJUKAN.boleh(dari, ke)


def permintaan_ikut_tugas(permintaan: str, tugas: str, keadaan: str, status: str) -> Teguran:
    """Word BR-R1 for a request whose status contradicts the work that is done for it."""
    return Teguran(
        "status",
        f"{permintaan} tidak dapat berstatus lain daripada tugasnya ({tugas}: {keadaan}).",
        f"{status}; yang dipindahkan adalah {tugas}, permintaannya ikut.",
        BR_R1,
        jenis="keadaan",
        english=f"BR-R1: the work of {permintaan} stands at {keadaan} ({tugas}), so its status is "
        f"{status}. Move the Task; the request follows it.",
    )


def ditolak_dengan_alasan(nomor: str, sistem: str, kode: Sequence[str]) -> Teguran:
    """Word BR-R1 for who declines without a reason; ``kode`` are those of ``sistem``."""
    pilihan = ", ".join(kode)
    return Teguran(
        "alasanTolak",
        f"{nomor} ditolak tanpa alasan.",
        f"salah satu dari {pilihan}, atau kalimat.",
        BR_R1,
        english=f"BR-R1: {nomor} is declined without a reason. Say why in Task.statusReason: a "
        f"code of {sistem} ({pilihan}), or words.",
    )
