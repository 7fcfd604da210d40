"""SLA: how long a step may take, how long it took, and how often the limit was kept (domain §4.3).

Sources: SOP LAKON GAMAN KEMBAR and SOP OSOC, mutu baku: waktu. Limits include their value, seconds
are kept and never rounded, and clocks never pause, for the service is online 24 hours. Where only
minutes are known, minutes are counted. A day is a day of the clinic's zone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final, Literal

from fhir_server.sop.dokumen import Teguran

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Langkah = Literal["sla-d6", "sla-d7", "sla-d8", "sla-total"]
Presisi = Literal["detik", "menit"]

BR_D8: Final = "BR-D8"

# d6 forwarded to the doctors → advice written; d7 → decided; d8 → received by the patient.
BATAS: Final[Mapping[str, timedelta]] = {
    "sla-d1": timedelta(minutes=5),
    "sla-d2": timedelta(minutes=10),
    "sla-d3": timedelta(minutes=60),
    "sla-d6": timedelta(minutes=5),
    "sla-d7": timedelta(minutes=30),
    "sla-d8": timedelta(minutes=15),
    "sla-total": timedelta(hours=24),
    "sla-e1": timedelta(minutes=10),
    "sla-e2": timedelta(minutes=15),
    "sla-e3": timedelta(minutes=30),
    "sla-e4a": timedelta(minutes=30),
    "sla-e4b": timedelta(minutes=120),
    "sla-e5": timedelta(minutes=120),
    "sla-e6": timedelta(minutes=60),
    "sla-e7": timedelta(minutes=180),
    "sla-e8": timedelta(minutes=180),
    "sla-e9": timedelta(minutes=10),
}
PIKET: Final = "sla-d4"
HARIAN: Final = (PIKET, "sla-d5")
"""Steps that are due by the end of the calendar day on which they begin; of a duty only that there
was one is asked, not how long it took."""


@dataclass(frozen=True, slots=True)
class Ukuran:
    """How long one step took, and whether that was in time."""

    langkah: str
    lama: timedelta

    @property
    def tepat(self) -> bool:
        """Tell whether the limit was kept; exactly the limit is in time."""
        return self.lama <= BATAS[self.langkah]


@dataclass(frozen=True, slots=True)
class Jam:
    """The clock of one step of one case: when it began and, if it did, when it ended.

    ``putaran`` counts the rejection cycles from 1. ``batal``: the step or its case was cancelled.
    ``perkiraan``: the end is when it was sent, for nobody knows when it was received.
    """

    langkah: str
    kasus: str
    mulai: datetime
    selesai: datetime | None = None
    dokter: str | None = None
    putaran: int = 1
    presisi: Presisi = "detik"
    batal: bool = False
    perkiraan: bool = False
    tugas: str | None = None

    @property
    def lama(self) -> timedelta | None:
        """Give the time it took; with minutes only, the difference of minutes."""
        if self.selesai is None:
            return None
        return _menit(self.selesai, self.presisi) - _menit(self.mulai, self.presisi)

    @property
    def tepat(self) -> bool | None:
        """Tell whether it ended in time; None while it runs."""
        if self.selesai is None or self.lama is None:
            return None
        if self.langkah in HARIAN:
            return self.selesai <= akhir_hari(self.mulai)
        return self.lama <= BATAS[self.langkah]

    def terlambat_berjalan(self, kini: datetime) -> bool:
        """Tell whether it still runs though its time is over."""
        return self.selesai is None and not self.batal and kini > tenggat(self.langkah, self.mulai)


@dataclass(frozen=True, slots=True)
class Ringkasan:
    """What many clocks of one step say together.

    ``tertutup`` is the denominator, ``tepat`` the numerator; ``lama`` in seconds.
    """

    semua: int
    dibatalkan: int
    tertutup: int
    tepat: int
    terlambat_berjalan: tuple[Jam, ...]
    kepatuhan: Decimal | None
    median: Decimal | None
    p90: Decimal | None


def ukur(langkah: str, dari: datetime, sampai: datetime) -> Ukuran:
    """Measure one step between two instants."""
    return Ukuran(langkah, sampai - dari)


def tenggat(langkah: str, dari: datetime) -> datetime:
    """Say when a step that begins now is due."""
    return akhir_hari(dari) if langkah in HARIAN else dari + BATAS[langkah]


def akhir_hari(saat: datetime) -> datetime:
    """Give the last second of an instant's calendar day, in its own zone."""
    return datetime.combine(saat.date(), time(23, 59, 59), saat.tzinfo)


def ringkas(jam: Iterable[Jam], kini: datetime) -> Ringkasan:
    """Sum up the clocks of one step; what was cancelled leaves the denominator."""
    semua = list(jam)
    berlaku = [each for each in semua if not each.batal]
    tertutup = [each for each in berlaku if each.selesai is not None]
    tepat = sum(each.tepat is True for each in tertutup)
    diukur = (each.lama for each in tertutup if each.langkah != PIKET)
    lama = sorted(each for each in diukur if each is not None)
    return Ringkasan(
        semua=len(semua),
        dibatalkan=len(semua) - len(berlaku),
        tertutup=len(tertutup),
        tepat=tepat,
        terlambat_berjalan=tuple(each for each in berlaku if each.terlambat_berjalan(kini)),
        kepatuhan=persen(tepat, len(tertutup)),
        median=median(lama),
        p90=persentil(lama, 90),
    )


def jam_tetap(tugas: str) -> Teguran:
    """Word BR-D8: the recorded clock of a step stays as it was recorded."""
    return Teguran(
        "waktu",
        f"jam langkah {tugas} sudah tercatat dan tidak dapat digeser.",
        "waktu yang tercatat; koreksi dicatat sebagai catatan.",
        BR_D8,
        jenis="keadaan",
        english=f"BR-D8: the clock of step {tugas} is recorded and cannot be moved.",
    )


def persen(bagian: int, semua: int) -> Decimal | None:
    """Give a percentage with one decimal, half rounded up; None of nothing."""
    if semua == 0:
        return None
    return (Decimal(100) * bagian / semua).quantize(Decimal("0.1"), ROUND_HALF_UP)


def median(urut: Sequence[timedelta]) -> Decimal | None:
    """Give the middle of sorted durations in seconds; of an even number, halfway between two."""
    if not urut:
        return None
    tengah = len(urut) // 2
    if len(urut) % 2:
        return _detik(urut[tengah])
    return (_detik(urut[tengah - 1]) + _detik(urut[tengah])) / 2


def persentil(urut: Sequence[timedelta], persen: int) -> Decimal | None:
    """Give the nearest-rank percentile of sorted durations in seconds."""
    if not urut:
        return None
    return _detik(urut[math.ceil(len(urut) * persen / 100) - 1])


def _detik(lama: timedelta) -> Decimal:
    return Decimal(lama // timedelta(microseconds=1)) / 1_000_000


def _menit(saat: datetime, presisi: Presisi) -> datetime:
    return saat.replace(second=0, microsecond=0) if presisi == "menit" else saat
