"""Isolasi mandiri in numbers: who may isolate at home, until when, which readings are due. Pure.

Source: KMK HK.01.07/MENKES/4829/2021. Day 0 is the day of the specimen or of the first symptom,
and somebody without symptoms is released on D+10 (our reading).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import date, datetime

HARI: Final = 10
BEBAS_GEJALA: Final = 3
UMUR: Final = 45
Sesi = Literal["pagi", "sore"]
SESI: Final[tuple[Sesi, ...]] = get_args(Sesi)
TENGAH_HARI: Final = time(12)


def selesai_tanpa_gejala(spesimen: date) -> date:
    """Give the day of release of somebody who never had a symptom: specimen + 10 days."""
    return spesimen + timedelta(days=HARI)


def selesai_bergejala(onset: date, gejala_terakhir: date | None = None) -> date:
    """Give the day of release of somebody with symptoms.

    Ten days from onset and three more without fever or respiratory symptoms, so 13 at least; with
    symptoms past day 10, three days after the last day with one. ``gejala_terakhir`` None: as if
    they end in time, which is the earliest possible day.
    """
    if gejala_terakhir is not None and gejala_terakhir < onset:
        raise ValueError(f"Gejala terakhir {gejala_terakhir} mendahului onset {onset}.")
    sepuluh = onset + timedelta(days=HARI)
    return max(sepuluh, gejala_terakhir or sepuluh) + timedelta(days=BEBAS_GEJALA)


def selesai(
    spesimen: date | None, onset: date | None, gejala_terakhir: date | None = None
) -> date | None:
    """Give the day of release, by onset where there was one; None: neither date is known."""
    if onset is not None:
        return selesai_bergejala(onset, gejala_terakhir)
    return None if spesimen is None else selesai_tanpa_gejala(spesimen)


@dataclass(frozen=True, slots=True)
class Syarat:
    """What is known of somebody who wants to isolate at home."""

    umur: int
    komorbid: tuple[str, ...] = ()
    kamar_terpisah: bool = False
    kamar_mandi: bool = False
    oksimeter: bool = False


def tidak_layak(syarat: Syarat) -> list[str]:
    """Say why somebody should not isolate at home; an empty list: nothing speaks against it."""
    alasan = []
    if syarat.umur > UMUR:
        alasan.append(f"umur {syarat.umur} tahun (paling tua {UMUR})")
    if syarat.komorbid:
        alasan.append(f"komorbid: {', '.join(syarat.komorbid)}")
    for ada, tanpa in (
        (syarat.kamar_terpisah, "tanpa kamar terpisah"),
        (syarat.kamar_mandi, "tanpa kamar mandi di rumah"),
        (syarat.oksimeter, "tanpa oksimeter"),
    ):
        if not ada:
            alasan.append(tanpa)
    return alasan


def sesi(waktu: datetime) -> tuple[date, Sesi]:
    """Say to which of the two readings of a day an instant belongs; noon is the afternoon's."""
    return waktu.date(), "pagi" if waktu.time() < TENGAH_HARI else "sore"


def wajib(mulai: date, sampai: date) -> Iterator[tuple[date, Sesi]]:
    """Give every reading that is due from one day to another, both included."""
    for hari in range((sampai - mulai).days + 1):
        for each in SESI:
            yield mulai + timedelta(days=hari), each


def terlewat(
    mulai: date, sampai: date, dibaca: Iterable[datetime], *, dari: Sesi = "pagi"
) -> list[tuple[date, Sesi]]:
    """Give the readings that were due and not made; ``dari`` is the first reading of day one."""
    ada = {sesi(each) for each in dibaca}
    perlu = [each for each in wajib(mulai, sampai) if each != (mulai, "pagi") or dari == "pagi"]
    return [each for each in perlu if each not in ada]


def tanpa_kontak(mulai: date, sampai: date, dihubungi: Collection[date]) -> list[date]:
    """Give the days on which the bidan wrote nothing, though she writes daily."""
    hari = (mulai + timedelta(days=n) for n in range((sampai - mulai).days + 1))
    return [each for each in hari if each not in dihubungi]
