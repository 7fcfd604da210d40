"""10T: the ten parts of an antenatal examination, and which of them a visit had (domain §1.B B8).

Source: Permenkes 21/2021 and Pedoman Pelayanan Antenatal Terpadu. A part that is not due at this
gestational age is not asked: the fundus is measured by tape from 20 weeks, the fetal heart heard
from 16 weeks (our limits, where the guideline says "end of the first trimester").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from fhir_server.sop.dokumen import bidang, dokumen
from fhir_server.sop.kehamilan import UsiaHamil

if TYPE_CHECKING:
    from collections.abc import Mapping

KodeT = Literal["t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9", "t10"]
SEPULUH_T: Final[Mapping[KodeT, str]] = {
    "t1": "Timbang berat badan dan ukur tinggi badan",
    "t2": "Ukur tekanan darah",
    "t3": "Nilai status gizi (lingkar lengan atas)",
    "t4": "Ukur tinggi fundus uteri",
    "t5": "Tentukan presentasi janin dan denyut jantung janin",
    "t6": "Skrining status imunisasi tetanus",
    "t7": "Tablet tambah darah",
    "t8": "Tes laboratorium",
    "t9": "Tata laksana kasus",
    "t10": "Temu wicara (konseling)",
}
SEJAK: Final[Mapping[KodeT, UsiaHamil]] = {"t4": UsiaHamil(20), "t5": UsiaHamil(16)}


@dokumen
class ButirT:
    """Satu dari sepuluh T."""

    kode: KodeT = bidang("T ke-", "§1.B B8", kode="sepuluh-t", contoh="t2")
    dilakukan: bool = bidang("Dilakukan", "§1.B B8", contoh=True)


@dataclass(frozen=True, slots=True)
class FaktaT:
    """What a visit had, as far as it decides the ten parts."""

    berat: bool
    tekanan_darah: bool
    lila: bool
    fundus: bool
    janin: bool
    status_td: bool
    tablet: bool
    lab: bool
    tata_laksana: bool
    konseling: bool


def nilai_t(fakta: FaktaT, usia: UsiaHamil) -> tuple[ButirT, ...]:
    """Say of every part that is due at this gestational age whether it was done."""
    done = dict(
        zip(
            SEPULUH_T,
            (
                fakta.berat,
                fakta.tekanan_darah,
                fakta.lila,
                fakta.fundus,
                fakta.janin,
                fakta.status_td,
                fakta.tablet,
                fakta.lab,
                fakta.tata_laksana,
                fakta.konseling,
            ),
            strict=True,
        )
    )
    return tuple(
        ButirT(kode=kode, dilakukan=each)
        for kode, each in done.items()
        if each or usia >= SEJAK.get(kode, UsiaHamil(0))
    )
