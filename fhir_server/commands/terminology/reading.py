"""What a reader of a distribution gives: the hierarchy first, then the concepts, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fhir_server.resources.terminology.concepts import Concept


@dataclass(frozen=True, slots=True)
class Distribution:
    """One edition of a code system in files.

    ``parents`` has every code with the codes directly above it; ``concepts`` reads them all, each
    time in the same order.
    """

    url: str
    version: str
    name: str
    parents: Mapping[str, tuple[str, ...]]
    concepts: Callable[[], Iterator[Concept]]

    def above(self, code: str) -> set[str]:
        """Give all codes above one; a circle is walked once."""
        found: set[str] = set()
        waiting = list(self.parents.get(code, ()))
        while waiting:
            each = waiting.pop()
            if each not in found and each != code:
                found.add(each)
                waiting.extend(self.parents.get(each, ()))
        return found


def known(parents: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Leave out what is said to be above and is no code itself."""
    return {
        code: tuple(dict.fromkeys(each for each in above if each in parents and each != code))
        for code, above in parents.items()
    }
