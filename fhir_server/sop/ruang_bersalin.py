"""BR-B13: a woman in labour goes directly to the delivery room; no queue number is demanded.

Source: SOP Alur Cluster 2, step "bersalin langsung ke ruang persalinan".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.sop.dokumen import Teguran

if TYPE_CHECKING:
    from collections.abc import Iterator

BR_B13: Final = "BR-B13"
UNIT: Final = "persalinan"
KELAS: Final = ("EMER", "IMP")
PRIORITAS: Final = ("gawat-darurat", "segera")


def langsung(
    unit: str | None, kelas: str | None, prioritas: str | None, *, antrean: bool
) -> Iterator[Teguran]:
    """Judge one visit; ``antrean`` says whether it carries a queue number.

    A priority that is not given is none to refuse: the server fills it.
    """
    if unit != UNIT:
        return
    if antrean:
        yield tanpa_nomor()
    if kelas not in KELAS:
        yield Teguran(
            "kelas",
            f"kunjungan bersalin berkelas {kelas}.",
            "EMER atau IMP: ibu bersalin langsung ke ruang persalinan.",
            BR_B13,
            english=f"BR-B13: a delivery visit has the class {kelas}; right is EMER or IMP.",
        )
    if prioritas not in (None, *PRIORITAS):
        yield Teguran(
            "prioritas",
            f"kunjungan bersalin berprioritas {prioritas}.",
            "gawat-darurat (EM) atau segera (UR).",
            BR_B13,
            english="BR-B13: a delivery visit has the priority EM (emergency) or UR (urgent).",
        )


def tanpa_nomor() -> Teguran:
    """Word the refusal of a queue number for a woman in labour."""
    return Teguran(
        "antrean",
        "ibu bersalin tidak perlu dan tidak boleh diminta nomor antrean.",
        "tanpa antrean; kunjungan langsung ke ruang persalinan.",
        BR_B13,
        english="BR-B13: no queue number may be demanded of a woman in labour. Right is a visit "
        "with no Appointment, directly in the delivery room.",
    )


def prioritas_bersalin(kelas: str) -> str:
    """Give the priority of a delivery visit where nobody said it."""
    return PRIORITAS[0] if kelas == "EMER" else PRIORITAS[1]
