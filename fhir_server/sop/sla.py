"""SLA: how long a step of a consultation may take, and how long it took (domain §4.3).

Source: SOP LAKON GAMAN KEMBAR, mutu baku: waktu. Limits include their value, seconds are kept and
never rounded, and clocks never pause, for the service is online 24 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Langkah = Literal["sla-d6", "sla-d7", "sla-d8", "sla-total"]

# d6 forwarded to the doctors → advice written; d7 → decided; d8 → received by the patient.
BATAS: Final[Mapping[Langkah, timedelta]] = {
    "sla-d6": timedelta(minutes=5),
    "sla-d7": timedelta(minutes=30),
    "sla-d8": timedelta(minutes=15),
    "sla-total": timedelta(hours=24),
}


@dataclass(frozen=True, slots=True)
class Ukuran:
    """How long one step took, and whether that was in time."""

    langkah: Langkah
    lama: timedelta

    @property
    def tepat(self) -> bool:
        """Tell whether the limit was kept; exactly the limit is in time."""
        return self.lama <= BATAS[self.langkah]


def ukur(langkah: Langkah, dari: datetime, sampai: datetime) -> Ukuran:
    """Measure one step between two instants."""
    return Ukuran(langkah, sampai - dari)


def tenggat(langkah: Langkah, dari: datetime) -> datetime:
    """Say when a step that begins now is due."""
    return dari + BATAS[langkah]
