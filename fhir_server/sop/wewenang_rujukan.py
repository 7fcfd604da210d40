"""Who may move a referral and a back-referral (BR-R2).

Only who was asked (the Task's owner) accepts, refuses and goes on; only who asks (the requester)
sends and withdraws. A wish to withdraw what was accepted is confirmed by who accepted it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from fhir_server.sop.dokumen import Teguran
from fhir_server.sop.status_rujuk_balik import ALUR_RUJUK_BALIK
from fhir_server.sop.status_rujukan import ALUR_RUJUKAN

if TYPE_CHECKING:
    from fhir_server.sop.alur import Alur

BR_R2: Final = "BR-R2"
Pihak = Literal["peminta", "diminta"]
PEMINTA: Final = frozenset({"dikirim", "dibatalkan", "pembatalan-diminta", "salah-entri"})
"""States that the requester brings about; every other one is the owner's."""

KEBALIKAN: Final[dict[tuple[str, str], Pihak]] = {("pembatalan-diminta", "dibatalkan"): "diminta"}
"""Moves that are the other side's than their state says."""

KATA: Final[dict[Pihak, tuple[str, str]]] = {
    "peminta": ("fasilitas yang meminta (Task.requester)", "the requester"),
    "diminta": ("fasilitas yang diminta (Task.owner)", "the owner"),
}


def siapa(dari: str | None, ke: str) -> Pihak:
    """Say which side makes a move; without ``dari`` it is the beginning."""
    biasa: Pihak = "peminta" if ke in PEMINTA else "diminta"
    return KEBALIKAN.get((dari or "", ke), biasa)


def wewenang(alur: Alur) -> dict[tuple[str, str], Pihak]:
    """Give the whole table of one machine: move → who makes it."""
    return {(dari, ke): siapa(dari, ke) for dari, after in alur.berikut.items() for ke in after}


RUJUKAN: Final = wewenang(ALUR_RUJUKAN)
RUJUK_BALIK: Final = wewenang(ALUR_RUJUK_BALIK)


def boleh_memindahkan(  # noqa: PLR0913 - both sides, who asks, and the move
    pelaku: str, *, peminta: str, diminta: str, dari: str, ke: str, nomor: str = ""
) -> Teguran | None:
    """Judge BR-R2: only one of the two sides may make a move.

    All three are ids of facilities (or of whoever else owns the Task); staying is no move.
    """
    if dari == ke:
        return None
    pihak = siapa(dari, ke)
    if pelaku == (peminta if pihak == "peminta" else diminta):
        return None
    kata, word = KATA[pihak]
    return Teguran(
        "status",
        f"rujukan {nomor} dari {dari} menjadi {ke} bukan wewenang {pelaku}.".replace("  ", " "),
        f"dilakukan oleh {kata}.",
        BR_R2,
        jenis="keadaan",
        english=f"BR-R2: only {word} moves this referral from {dari} to {ke}.",
    )
