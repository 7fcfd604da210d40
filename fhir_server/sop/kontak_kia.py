"""Kontak KIA: which visits of mother and newborn count as K1 to K6, KF1 to KF4 and KN1 to KN3.

Source: Permenkes 21/2021 (antenatal: six, of which one in the first, two in the second and three
in the third trimester, at least two by a dokter; K4: one, one, two) and Pedoman PWS KIA for the
windows after birth. The day of birth is day 0; the first window is counted in hours.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fhir_server.sop.kehamilan import trimester, usia_hamil

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

K4: Final[Mapping[int, int]] = {1: 1, 2: 1, 3: 2}
K6: Final[Mapping[int, int]] = {1: 1, 2: 2, 3: 3}
DOKTER: Final = 2
"""How many of the six contacts a dokter must have made."""


@dataclass(frozen=True, slots=True)
class KontakANC:
    """One antenatal contact; ``dokter``: a dokter examined her."""

    tanggal: date
    dokter: bool = False


@dataclass(frozen=True, slots=True)
class CapaianANC:
    """Which indicators a pregnancy has reached, and what the sixth contact still lacks."""

    k1: bool
    k1_murni: bool
    k4: bool
    k6: bool
    kurang: tuple[str, ...]


def capaian(hpht: date, kontak: Iterable[KontakANC]) -> CapaianANC:
    """Count the antenatal contacts of a pregnancy; several on one day are one contact."""
    hari: dict[date, bool] = {}
    for each in kontak:
        hari[each.tanggal] = hari.get(each.tanggal, False) or each.dokter
    jumlah = Counter(trimester(usia_hamil(hpht, tanggal)) for tanggal in hari)
    kurang = tuple(_kurang(jumlah, sum(hari.values())))
    return CapaianANC(
        k1=bool(hari),
        k1_murni=jumlah[1] > 0,
        k4=all(jumlah[tm] >= perlu for tm, perlu in K4.items()),
        k6=not kurang,
        kurang=kurang,
    )


def _kurang(jumlah: Counter[int], dokter: int) -> Iterable[str]:
    for tm, perlu in K6.items():
        if jumlah[tm] < perlu:
            yield f"trimester {tm}: {jumlah[tm]} dari {perlu} kontak"
    if dokter < DOKTER:
        yield f"oleh dokter: {dokter} dari {DOKTER} kontak"


@dataclass(frozen=True, slots=True)
class Jendela:
    """When a visit after birth counts under ``kode``: from hours or days to hours or days."""

    kode: str
    mulai_hari: int
    sampai_hari: int
    jam: tuple[int, int] | None = None

    def memuat(self, lahir: datetime, kunjungan: datetime) -> bool:
        """Say whether a visit lies in this window; both instants are of one zone."""
        if self.jam is not None:
            mulai, sampai = (timedelta(hours=each) for each in self.jam)
            return mulai <= kunjungan - lahir <= sampai
        return self.mulai_hari <= (kunjungan.date() - lahir.date()).days <= self.sampai_hari

    def tanggal(self, lahir: datetime) -> tuple[date, date]:
        """Give the first and the last day of the window."""
        if self.jam is not None:
            mulai, sampai = (lahir + timedelta(hours=each) for each in self.jam)
            return mulai.date(), sampai.date()
        hari = lahir.date()
        return hari + timedelta(days=self.mulai_hari), hari + timedelta(days=self.sampai_hari)


NIFAS: Final = (
    Jendela("KF1", 0, 2, (6, 48)),
    Jendela("KF2", 3, 7),
    Jendela("KF3", 8, 28),
    Jendela("KF4", 29, 42),
)
NEONATUS: Final = (
    Jendela("KN1", 0, 2, (6, 48)),
    Jendela("KN2", 3, 7),
    Jendela("KN3", 8, 28),
)


def kode_nifas(lahir: datetime, kunjungan: datetime) -> str | None:
    """Give KF1 to KF4 for a visit of the mother, or None outside every window."""
    return _kode(NIFAS, lahir, kunjungan)


def kode_neonatus(lahir: datetime, kunjungan: datetime) -> str | None:
    """Give KN1 to KN3 for a visit of the newborn, or None outside every window."""
    return _kode(NEONATUS, lahir, kunjungan)


def _kode(jendela: Iterable[Jendela], lahir: datetime, kunjungan: datetime) -> str | None:
    waktu = kunjungan.astimezone(lahir.tzinfo)
    return next((each.kode for each in jendela if each.memuat(lahir, waktu)), None)
