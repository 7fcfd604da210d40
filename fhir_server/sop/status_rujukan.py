"""The states of a Rujukan and the moves between them (BR-R1).

One table; everything that asks whether a referral may move asks it here.
"""

from __future__ import annotations

from typing import Final

from fhir_server.sop.dokumen import Teguran

BR_R1 = "BR-R1"

BERIKUT: Final[dict[str, tuple[str, ...]]] = {
    "disusun": ("dikirim", "salah-entri"),
    "dikirim": ("diterima-sistem", "disetujui", "ditolak", "dibatalkan"),
    "diterima-sistem": ("disetujui", "ditolak", "dibatalkan"),
    "disetujui": ("pasien-tiba", "tidak-datang", "pembatalan-diminta"),
    "ditolak": ("dibatalkan",),
    "pasien-tiba": ("dalam-perawatan", "dirujuk-balik"),
    "tidak-datang": ("disetujui", "pembatalan-diminta"),
    "dalam-perawatan": ("dirujuk-balik", "selesai-tanpa-rujuk-balik"),
    "dirujuk-balik": (),
    "selesai-tanpa-rujuk-balik": (),
    "pembatalan-diminta": ("dibatalkan", "disetujui"),
    "dibatalkan": (),
    "salah-entri": (),
}
"""State → states that may follow. A hospital that does not confirm a wish to cancel sets
``disetujui`` again; after ``ditolak`` the referral goes to another facility as new work, or is
given up."""

AWAL: Final = ("disusun", "dikirim")
"""The states in which a referral may begin."""


def boleh_pindah(dari: str, ke: str) -> bool:
    """Say whether a referral in state ``dari`` may be in state ``ke`` next; staying is no move."""
    return dari == ke or ke in BERIKUT[dari]


def perpindahan(nomor: str, dari: str, ke: str) -> Teguran | None:
    """Judge BR-R1 for referral ``nomor``: None when the move is allowed."""
    if boleh_pindah(dari, ke):
        return None
    boleh = ", ".join(BERIKUT[dari])
    return Teguran(
        "status",
        f"rujukan {nomor} berstatus {dari} dan tidak dapat menjadi {ke}.",
        f"salah satu dari: {boleh}." if boleh else f"tetap {dari}; status ini bersifat akhir.",
        BR_R1,
        jenis="keadaan",
        english=f"BR-R1: referral {nomor} is {dari} and cannot become {ke}. "
        + (f"Allowed next: {boleh}." if boleh else f"{dari} is final."),
    )
