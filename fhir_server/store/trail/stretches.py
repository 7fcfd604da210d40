"""Stretches: blocks of a chain that follow one another within seconds. Pure.

Who opens a record reads many of its resources, one after the other, and each block would name the
patient again. So a patient is in the index (``p``) of the first block of a stretch that names her;
the later ones say it beside (``q``), and where their stretch begins (``s``): a search for her
begins at the first and goes on to the end of the stretch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

LONGEST_STRETCH_MS: Final = 10_000
MOST_BLOCKS: Final = 256
"""Blocks of one stretch."""
_MOST_PATIENTS: Final = 50_000


class Stretch:
    """The stretch that a chain is in, as far as it is stored."""

    def __init__(self) -> None:
        self._first, self._begun, self._last = -1, 0, 0
        self._known: set[str] = set()

    def goes_on(self, number: int, last: int) -> bool:
        """Tell whether the next block, which ends at a moment (ms), still belongs to it.

        Its blocks end one after the other: what is older than what was stored before it, for it had
        to wait, begins a stretch of its own.
        """
        return (
            self._first >= 0
            and number - self._first < MOST_BLOCKS
            and self._last <= last <= self._begun + LONGEST_STRETCH_MS
            and len(self._known) < _MOST_PATIENTS
        )

    def of(self, number: int, last: int, patients: AbstractSet[str]) -> dict[str, Any]:
        """Say what the next block says of it: ``s``, ``p`` and ``q``."""
        if not self.goes_on(number, last):
            return alone(number, patients)
        return {
            "s": self._first,
            "p": sorted(patients - self._known),
            "q": sorted(patients & self._known),
        }

    def took(self, block: dict[str, Any]) -> None:
        """Go on with a block that is stored."""
        if block["s"] == block["n"]:
            self._first, self._begun = block["n"], block["l"]
            self._known.clear()
        self._last = block["l"]
        self._known.update(block["p"])


def alone(number: int, patients: AbstractSet[str]) -> dict[str, Any]:
    """Say of a block that it begins a stretch."""
    return {"s": number, "p": sorted(patients), "q": []}
