"""A claim as runs: what one thread carries, one after the other.

What belongs together was written together, so it lies together in the queue: what refers to another
one of the claim goes through the same thread after it, and need not wait for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fhir_server.store.ops import Stored
    from fhir_server.store.progress import Dispatch

RUN = 8
"""Deliveries that one thread takes at a time."""
LONGEST = 32
"""The same, with what refers to them."""
REFERENCE = re.compile(rb'"reference":"([A-Z][A-Za-z]+/[A-Za-z0-9.-]+)"')


def references(stored: Stored | None) -> set[str]:
    """Give what a version refers to, as ``Type/id``."""
    if stored is None or stored.text is None:
        return set()
    return {str(name, "ascii") for name in REFERENCE.findall(stored.raw)}


def runs(claimed: Sequence[Dispatch], stored: Mapping[str, Stored]) -> list[list[Dispatch]]:
    """Cut a claim into runs, in its order."""
    found: list[list[Dispatch]] = []
    place: dict[str, int] = {}
    for each in claimed:
        named = {place[name] for name in references(stored.get(each.reference)) if name in place}
        at = next((n for n in sorted(named, reverse=True) if len(found[n]) < LONGEST), None)
        if at is None:
            if not found or len(found[-1]) >= RUN:
                found.append([])
            at = len(found) - 1
        found[at].append(each)
        place[each.reference] = at
    return found
