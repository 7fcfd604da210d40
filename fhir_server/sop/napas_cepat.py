"""Napas cepat: from how many breaths a minute a child breathes fast, by age (domain §1.B B6, S7).

Source: Kemenkes, Buku Bagan MTBS; WHO, IMCI chart booklet: 60 under two months, 50 from two to
eleven months, 40 from twelve to fifty-nine months. Counted for a whole minute, the child calm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date

AMBANG: Final = ((2, 60), (12, 50), (60, 40))
"""Age below which a limit holds, in completed months; the limit itself is fast."""


def ambang_napas(umur_bulan: int) -> int | None:
    """Give from which rate a child of this age breathes fast; None from five years on."""
    return next((batas for sampai, batas in AMBANG if umur_bulan < sampai), None)


def napas_cepat(umur_bulan: int, napas: int) -> bool | None:
    """Say whether a child breathes fast; None where MTBS has no limit for the age."""
    batas = ambang_napas(umur_bulan)
    return None if batas is None else napas >= batas


def umur_bulan(lahir: date, pada: date) -> int:
    """Count completed months of age on a day."""
    bulan = (pada.year - lahir.year) * 12 + pada.month - lahir.month
    return bulan - (pada.day < lahir.day)
