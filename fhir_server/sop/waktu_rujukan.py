"""How long a referral and a back-referral took: answer, loop, acceptance, first contact.

Source: domain §5.1 (answer due by priority) and §5.2 (back-referral). Limits include their value.
Pure: moments in, durations out; where the moments come from is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

DIJAWAB: Final = ("disetujui", "ditolak")
PULANG: Final = "dirujuk-balik"


@dataclass(frozen=True, slots=True)
class Kejadian:
    """One state of a referral and the moment at which it was reached."""

    status: str
    waktu: datetime


def pertama(riwayat: Sequence[Kejadian], *status: str) -> datetime | None:
    """Give the first moment at which one of these states was reached."""
    return next((each.waktu for each in riwayat if each.status in status), None)


def selang(dari: datetime | None, sampai: datetime | None) -> timedelta | None:
    """Give the time between two moments, or None while one of them is still to come."""
    return None if dari is None or sampai is None else sampai - dari


def waktu_jawab(riwayat: Sequence[Kejadian]) -> timedelta | None:
    """Say how long one addressed facility took to accept or decline; None before it has."""
    return selang(pertama(riwayat, "dikirim"), pertama(riwayat, *DIJAWAB))


def waktu_lingkar(riwayat: Sequence[Kejadian]) -> timedelta | None:
    """Say how long it took from the first sending to the back-referral.

    ``riwayat`` holds the states with every facility that was asked, in the order of time.
    """
    return selang(pertama(riwayat, "dikirim"), pertama(riwayat, PULANG))


def tepat_waktu(
    selesai: datetime | None, batas: datetime | None, sekarang: datetime
) -> bool | None:
    """Say whether something was done in time; None while it may still be, or has no limit."""
    if batas is None or (selesai is None and sekarang <= batas):
        return None
    return selesai is not None and selesai <= batas


def batas_terima(dikirim: datetime, hari: int, hari_kerja: Collection[int]) -> datetime:
    """Say until when a back-referral is to be accepted: so many working days later.

    ``hari_kerja`` are ISO weekdays, Monday is 1; what comes on another day waits for the next.
    """
    batas = dikirim
    for _ in range(hari):
        batas += timedelta(days=1)
        while hari_kerja and batas.isoweekday() not in hari_kerja:
            batas += timedelta(days=1)
    return batas


def batas_kontak(dikirim: datetime, *, krst: bool, hari: int, jam_krst: int) -> datetime:
    """Say until when the patient is to be contacted first; a mother of KRST sooner."""
    return dikirim + (timedelta(hours=jam_krst) if krst else timedelta(days=hari))
