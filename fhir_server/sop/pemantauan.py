"""Jadwal pemantauan: on which days the bidan writes to a pregnant woman at risk.

Source: the SOP says only "sesuai jadwal pemantauan"; the rhythms below are our defaults, which the
puskesmas may set otherwise. They come on top of the antenatal visits, never instead of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, get_args

from fhir_server.sop.kehamilan import hpl, tanggal_pada

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from fhir_server.sop.kspr import Kelompok

Frekuensi = Literal["dua-mingguan", "mingguan", "dua-kali-seminggu", "harian"]
MINGGU_BERUBAH: Final = 36

# Days from one contact to the next, repeated.
LANGKAH: Final[Mapping[Frekuensi, tuple[int, ...]]] = {
    "dua-mingguan": (14,),
    "mingguan": (7,),
    "dua-kali-seminggu": (3, 4),
    "harian": (1,),
}


@dataclass(frozen=True, slots=True)
class Irama:
    """The rhythm of a risk group before and from 36 weeks."""

    awal: Frekuensi
    akhir: Frekuensi


IRAMA: Final[Mapping[Kelompok, Irama]] = {
    "KRT": Irama("dua-mingguan", "mingguan"),
    "KRST": Irama("mingguan", "dua-kali-seminggu"),
}


@dataclass(frozen=True, slots=True)
class Kebiasaan:
    """What the puskesmas has decided of its monitoring (domain §3.3)."""

    irama: Mapping[Kelompok, Irama]
    minggu: int = MINGGU_BERUBAH
    hari_tanda_bahaya: int = 3
    isoman: Frekuensi = "harian"


KEBIASAAN: Final = Kebiasaan(IRAMA)


def frekuensi(teks: str) -> Frekuensi:
    """Read a frequency as the operator writes it; ValueError names those there are."""
    for each in get_args(Frekuensi):
        if each == teks.strip():
            found: Frekuensi = each
            return found
    raise ValueError(f"{teks!r} is none of {', '.join(get_args(Frekuensi))}.")


def irama(teks: str) -> Irama:
    """Read a rhythm as the operator writes it: ``mingguan,dua-kali-seminggu``."""
    awal, koma, akhir = teks.partition(",")
    return Irama(frekuensi(awal), frekuensi(akhir if koma else awal))


@dataclass(frozen=True, slots=True)
class Fase:
    """A stretch of days with one rhythm; contacts lie from ``mulai`` to ``berakhir``, both in."""

    frekuensi: Frekuensi
    mulai: date
    berakhir: date

    def kontak(self) -> Iterator[date]:
        """Give the days of contact."""
        langkah, tanggal, ke = LANGKAH[self.frekuensi], self.mulai, 0
        while tanggal <= self.berakhir:
            yield tanggal
            tanggal += timedelta(days=langkah[ke % len(langkah)])
            ke += 1


def jadwalkan(
    kelompok: Kelompok,
    hpht: date,
    mulai: date,
    kebiasaan: Kebiasaan = KEBIASAAN,
) -> list[Fase]:
    """Suggest the phases of monitoring, first contact on ``mulai``, last by HPL.

    From 36 weeks (``kebiasaan.minggu``) the second rhythm starts on the first day with the weekday
    of ``mulai``. A group without a rhythm (KRR) has no schedule.
    """
    irama = kebiasaan.irama
    if kelompok not in irama:
        return []
    berubah, akhir = tanggal_pada(hpht, kebiasaan.minggu), hpl(hpht)
    kedua = mulai if mulai >= berubah else mulai + timedelta(weeks=-((mulai - berubah).days // 7))
    fase = [
        Fase(irama[kelompok].awal, mulai, berubah - timedelta(days=1)),
        Fase(irama[kelompok].akhir, kedua, akhir),
    ]
    return [each for each in fase if each.mulai <= each.berakhir]


def sesudah_tanda_bahaya(ditangani: date, kebiasaan: Kebiasaan = KEBIASAAN) -> Fase:
    """Suggest daily contact for the three days after a danger sign was treated."""
    hari = timedelta(days=kebiasaan.hari_tanda_bahaya)
    return Fase("harian", ditangani + timedelta(days=1), ditangani + hari)
