"""The order of the ten steps of OSOC (domain §1.E): E1 < E2 < E3 < E4a < E4b < E5 < … < E9.

Preparing material (E5) may go on beside preparing the data (E4b); accompanying (E6) is repeated.
What a student does herself (E5, E6, E7) follows on what she herself has done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fhir_server.sop.dokumen import Teguran

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

URUTAN: Final = "OSOC-URUTAN"
SEBELUM: Final[Mapping[str, tuple[str, ...]]] = {
    "sla-e1": (),
    "sla-e2": ("sla-e1",),
    "sla-e3": ("sla-e2",),
    "sla-e4a": ("sla-e3",),
    "sla-e4b": ("sla-e4a",),
    "sla-e5": ("sla-e4a",),
    "sla-e6": ("sla-e4b", "sla-e5"),
    "sla-e7": ("sla-e6",),
    "sla-e8": ("sla-e7",),
    "sla-e9": ("sla-e8",),
}
"""Which steps must be over before a step begins."""
SENDIRI: Final = {("sla-e6", "sla-e5"), ("sla-e7", "sla-e6")}
"""Pairs of steps that one and the same student takes."""


@dataclass(frozen=True, slots=True)
class Selesai:
    """A step that is over: which, who took it, when it ended."""

    langkah: str
    pelaksana: str | None
    pada: datetime


def berurutan(
    langkah: str, pelaksana: str | None, mulai: datetime, selesai: Iterable[Selesai]
) -> Teguran | None:
    """Judge that what comes before a step was over when it began."""
    done = [each for each in selesai if each.pada <= mulai]
    missing = [
        sebelum
        for sebelum in SEBELUM.get(langkah, ())
        if not any(
            each.langkah == sebelum
            and ((langkah, sebelum) not in SENDIRI or each.pelaksana == pelaksana)
            for each in done
        )
    ]
    if not missing:
        return None
    names, own = ", ".join(map(nama, missing)), nama(langkah)
    return Teguran(
        "mulai",
        f"langkah {own} dimulai sebelum {names} selesai.",
        f"{names} selesai dulu; urutannya E1, E2, E3, E4a, E4b, E5, E6, E7, E8, E9.",
        URUTAN,
        jenis="keadaan",
        english=f"{URUTAN}: step {own} begins before {names} is completed. The order is E1, E2, "
        "E3, E4a, E4b (E5 beside it), E6, E7, E8, E9.",
    )


def nama(langkah: str) -> str:
    """Give the number of a step as the SOP writes it: E4a."""
    return f"E{langkah.removeprefix('sla-e')}"
