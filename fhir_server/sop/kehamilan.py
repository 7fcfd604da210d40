"""Kehamilan: what follows from the first day of the last period (HPHT). Pure arithmetic.

Source: Kementerian Kesehatan, Pedoman Pelayanan Antenatal Terpadu, and Buku KIA.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

LAMA_KEHAMILAN = timedelta(days=280)


@dataclass(frozen=True, slots=True, order=True)
class UsiaHamil:
    """Gestational age in completed weeks and the days on top (11 weeks 1 day)."""

    minggu: int
    hari: int = 0

    def __str__(self) -> str:
        """Write it as midwives do: ``11w1d``."""
        return f"{self.minggu}w{self.hari}d"


def hpl(hpht: date) -> date:
    """Give the expected date of birth: HPHT + 280 days (Buku KIA)."""
    return hpht + LAMA_KEHAMILAN


def usia_hamil(hpht: date, pada: date) -> UsiaHamil:
    """Give the gestational age on a date; a date before HPHT raises ValueError (Buku KIA)."""
    if pada < hpht:
        raise ValueError(f"Tanggal {pada} mendahului HPHT {hpht}.")
    return UsiaHamil(*divmod((pada - hpht).days, 7))


def tanggal_pada(hpht: date, minggu: int) -> date:
    """Give the day on which so many weeks are completed."""
    return hpht + timedelta(weeks=minggu)


def trimester(usia: UsiaHamil) -> int:
    """Tell the trimester: to 12 weeks, to 24 weeks, after (Pedoman Antenatal Terpadu)."""
    if usia <= UsiaHamil(12):
        return 1
    return 2 if usia <= UsiaHamil(24) else 3


def kode_kunjungan(urutan: int, usia: UsiaHamil) -> str | None:
    """Give the K code of the ``urutan``-th antenatal contact; none after the sixth.

    A first contact in the first trimester is K1 murni (K1M), a later first contact K1 akses (K1A).
    Source: Pedoman Antenatal Terpadu; codes of SATUSEHAT's episodeofcare/ANC.
    """
    if urutan < 1:
        raise ValueError(f"Kunjungan ke-{urutan} tidak ada; hitungan mulai dari 1.")
    if urutan == 1:
        return "K1M" if trimester(usia) == 1 else "K1A"
    return f"K{urutan}" if urutan <= 6 else None


def tahun_genap(dari: date, sampai: date) -> int:
    """Count completed years; someone born on 29 February completes a year on 1 March."""
    belum = (sampai.month, sampai.day) < (dari.month, dari.day)
    return sampai.year - dari.year - belum
