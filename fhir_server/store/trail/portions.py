"""Events on their way into a block: each is written out as it comes, to keep little of it. Pure."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = list[Any]
"""One event: [ms, letter, kind, status, who, address, request, target, query, patients, changes,
number, notes]; written out, ``who`` is its place among the people of the block."""

LONGEST_MS: Final = 1000
"""No block is longer, so that a search by time knows where to begin."""
MOST: Final = 2000
"""Events, changes and tens of patients in one block, unless one event alone has more."""
_NEVER: Final = 1 << 62


class Portion:
    """Events that fit into one block; ``first`` and ``last`` are their ends in time (ms)."""

    __slots__ = (
        "_held", "_people", "_places", "_rows", "_shown", "_weight", "first", "last", "patients",
    )  # fmt: skip

    def __init__(self) -> None:
        self.first, self.last = _NEVER, 0
        self.patients: set[str] = set()
        self._weight = 0
        self._rows: list[bytes] = []
        self._people: list[bytes] = []
        self._places: dict[int, int] = {}
        self._held: list[dict[str, Any]] = []
        self._shown = 0, 0

    def __len__(self) -> int:
        return len(self._rows)

    def takes(self, row: Row) -> bool:
        """Write an event out; False, and nothing is done, where it fits in no more."""
        moment, patients, changes = row[0], row[9], row[10]
        first = moment if moment < self.first else self.first  # noqa: FURB136 - calls cost more
        last = moment if moment > self.last else self.last  # noqa: FURB136
        weight = self._weight + 1 + len(changes) + len(patients) // 10
        if (weight > MOST or last - first > LONGEST_MS) and self._rows:
            return False
        place = self._places.get(id(row[4]))
        row[4] = self._placed(row[4]) if place is None else place
        self._rows.append(as_json(row))
        self.first, self.last, self._weight = first, last, weight
        self.patients.update(patients)
        for change in changes:
            self.patients.update(change[4])
        return True

    def written(self) -> bytes:
        """Give people and events as JSON: ``[[person, …], [row, …]]``."""
        return b"[[%b],[%b]]" % (b",".join(self._people), b",".join(self._rows))

    def more(self) -> tuple[list[bytes], list[bytes]]:
        """Give the people and the rows, as JSON, that are new since this was asked before."""
        people, rows = self._shown
        self._shown = len(self._people), len(self._rows)
        return self._people[people:], self._rows[rows:]

    def _placed(self, who: dict[str, Any]) -> int:
        """Write each person once."""
        said = as_json(who)
        if said not in self._people:
            self._people.append(said)
        place = self._places[id(who)] = self._people.index(said)
        self._held.append(who)  # so that nobody else gets its number
        return place


def as_json(value: Any) -> bytes:
    """Write JSON; what is no text, as half of a character that a token may say, is a ``?``."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def portions(rows: Iterable[Row]) -> list[Portion]:
    """Part events, oldest first, so that each part fits into a block."""
    parts = [Portion()]
    for row in sorted(rows, key=itemgetter(0)):
        if not parts[-1].takes(row):
            parts.append(Portion())
            parts[-1].takes(row)
    return parts if parts[0] else []
