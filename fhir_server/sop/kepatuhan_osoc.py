"""How often the ten steps of OSOC kept their limits (domain §1.E). Pure.

A step that is repeated (E5, E6, E7: once for each student or visit) counts each time. Exactly the
limit is in time; what runs or was cancelled is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fhir_server.sop.sla import BATAS, Jam, Ringkasan, persen, ringkas

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

LANGKAH: Final = tuple(each for each in BATAS if each.startswith("sla-e"))


@dataclass(frozen=True, slots=True)
class Pelanggaran:
    """A step that took longer than its limit, in minutes as they were."""

    langkah: str
    menit: int
    batas: int
    tugas: str | None = None


@dataclass(frozen=True, slots=True)
class Kepatuhan:
    """All steps together, each step, and what took too long."""

    tertutup: int
    tepat: int
    persen: Decimal | None
    langkah: dict[str, Ringkasan]
    pelanggaran: tuple[Pelanggaran, ...]


def kepatuhan(jam: Sequence[Jam], kini: datetime) -> Kepatuhan:
    """Sum up the clocks of the ten steps."""
    each = {code: ringkas([j for j in jam if j.langkah == code], kini) for code in LANGKAH}
    closed = sum(one.tertutup for one in each.values())
    kept = sum(one.tepat for one in each.values())
    late = (_terlambat(j) for code in LANGKAH for j in jam if j.langkah == code)
    broken = tuple(one for one in late if one is not None)
    return Kepatuhan(closed, kept, persen(kept, closed), each, broken)


def _terlambat(jam: Jam) -> Pelanggaran | None:
    if jam.batal or jam.tepat is not False or jam.lama is None:
        return None
    minute = timedelta(minutes=1)
    return Pelanggaran(jam.langkah, jam.lama // minute, BATAS[jam.langkah] // minute, jam.tugas)
