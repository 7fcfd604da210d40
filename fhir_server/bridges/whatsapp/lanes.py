"""Which of the things that wait go one after another, and which side by side. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

Item = TypeVar("Item")


def lanes(items: Sequence[tuple[Item, frozenset[Hashable]]]) -> list[list[Item]]:
    """Part items, each with its keys, into lanes: what shares a key is in one, in the order given.

    An item with several keys joins what has any of them into one lane.
    """
    leads = list(range(len(items)))
    first_with: dict[Hashable, int] = {}

    def leader(place: int) -> int:
        while leads[place] != place:
            place = leads[place]
        return place

    for place, (_, keys) in enumerate(items):
        for key in keys:
            one, other = leader(first_with.setdefault(key, place)), leader(place)
            leads[max(one, other)] = min(one, other)
    found: dict[int, list[Item]] = defaultdict(list)
    for place, (item, _) in enumerate(items):
        found[leader(place)].append(item)
    return list(found.values())
