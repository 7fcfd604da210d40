"""Ambang: from which value a reading is abnormal, and from which somebody must act at once.

Source: KMK HK.01.07/MENKES/4829/2021 for isolation at home (SpO₂, temperature, breathing rate);
blood pressure in pregnancy: Pedoman Pelayanan Antenatal Terpadu (140/90 hypertension, 160/110
severe). A reading only proposes an escalation; a bidan or dokter confirms it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator

Tingkat = Literal["normal", "abnormal", "darurat", "berat"]
TINGKAT: Final[tuple[Tingkat, ...]] = get_args(Tingkat)
SISTOLIK: Final = (140, 160)
DIASTOLIK: Final = (90, 110)
SPO2: Final = (94, 90)
SUHU: Final = Decimal("38.0")
NAPAS: Final = 30


@dataclass(frozen=True, slots=True)
class Ukuran:
    """One set of readings: mmHg, per cent, °C, breaths a minute; None: not measured.

    ``isoman``: of somebody in isolation at home, for whom a fever alone calls for a dokter.
    """

    sistolik: int | None = None
    diastolik: int | None = None
    spo2: Decimal | int | None = None
    suhu: Decimal | None = None
    napas: int | None = None
    sesak: bool = False
    isoman: bool = False


@dataclass(frozen=True, slots=True)
class Temuan:
    """What a reading means, and why."""

    bidang: str
    tingkat: Tingkat
    alasan: str


def nilai(ukuran: Ukuran) -> list[Temuan]:
    """Judge every reading that is not normal, the worst first."""
    found = [*_tensi(ukuran), *_oksigen(ukuran), *_napas(ukuran), *_suhu(ukuran)]
    return sorted(found, key=lambda each: -TINGKAT.index(each.tingkat))


def tingkat(ukuran: Ukuran) -> Tingkat:
    """Name the worst of a set of readings."""
    return next((each.tingkat for each in nilai(ukuran)), "normal")


def perlu_eskalasi(ukuran: Ukuran) -> list[Temuan]:
    """Give the findings that propose an escalation: what is ``darurat`` or worse."""
    return [each for each in nilai(ukuran) if each.tingkat in {"darurat", "berat"}]


def _tensi(ukuran: Ukuran) -> Iterator[Temuan]:
    sistolik, diastolik = ukuran.sistolik or 0, ukuran.diastolik or 0
    says = f"tekanan darah {ukuran.sistolik or '-'}/{ukuran.diastolik or '-'} mmHg"
    if sistolik >= SISTOLIK[1] or diastolik >= DIASTOLIK[1]:
        yield Temuan("tensi", "darurat", f"{says} (≥{SISTOLIK[1]}/{DIASTOLIK[1]})")
    elif sistolik >= SISTOLIK[0] or diastolik >= DIASTOLIK[0]:
        yield Temuan("tensi", "abnormal", f"{says} (≥{SISTOLIK[0]}/{DIASTOLIK[0]})")


def _oksigen(ukuran: Ukuran) -> Iterator[Temuan]:
    if ukuran.spo2 is None or ukuran.spo2 >= SPO2[0]:
        return
    berat = ukuran.spo2 < SPO2[1]
    batas = SPO2[1] if berat else SPO2[0]
    yield Temuan("spo2", "berat" if berat else "darurat", f"SpO₂ {ukuran.spo2} % (<{batas})")


def _napas(ukuran: Ukuran) -> Iterator[Temuan]:
    if ukuran.napas is not None and ukuran.napas > NAPAS:
        yield Temuan("napas", "berat", f"napas {ukuran.napas} per menit (>{NAPAS})")
    if ukuran.sesak:
        yield Temuan("sesak", "darurat", "sesak napas")


def _suhu(ukuran: Ukuran) -> Iterator[Temuan]:
    if ukuran.suhu is None or ukuran.suhu < SUHU:
        return
    darurat = ukuran.sesak or (ukuran.isoman and ukuran.suhu > SUHU)
    says = f"suhu {ukuran.suhu} °C (≥{SUHU})"
    yield Temuan("suhu", "darurat" if darurat else "abnormal", says)
