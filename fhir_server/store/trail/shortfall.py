"""What a process wrote and has not told: the versions say it, held against what its blocks tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from fhir_server.store import traces, versions
from fhir_server.store.trail import chain
from fhir_server.store.trail.patients import looked_up, named
from fhir_server.store.trail.portions import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from fhir_server.store.trail.blocks import Blocks
    from fhir_server.store.trail.portions import Row

Document = dict[str, Any]

COMPLETED: Final = "completed"
"""What is said of an access that is known by what it wrote alone."""
FOUND: Final = 200
"""Status of such an access."""


class Known:
    """What is told of a process: accesses, as it told them itself, and single changes.

    Accesses that wrote nothing have no number; they are known from ``oldest`` (ms) on.
    """

    def __init__(self, oldest: int) -> None:
        self._oldest = oldest
        self._numbers = set[int]()
        self._changes = set[tuple[str, str, int]]()
        self._words = set[bytes]()

    def add(self, row: Row) -> None:
        """Take in an event; one that was known by what it wrote tells only that."""
        if row[2] == COMPLETED:
            self._changes.update(
                (kind, identity, version) for _, kind, identity, version, _ in row[10]
            )
        elif row[11]:
            self._numbers.add(row[11])
        elif row[0] >= self._oldest:
            self._words.add(as_json(row))

    def read(self, blocks: Blocks, chains: Iterable[str], since: int) -> None:
        """Take in what blocks of chains tell that ended at or after a moment."""
        for name in chains:
            for block in blocks.since(name, since):
                people, rows = chain.opened(block)
                for row in rows:
                    row[4] = people[row[4]]
                    self.add(row)

    def lacks(self, row: Row) -> bool:
        """Tell whether an event is not told, and take it in; its changes that are told are cut."""
        if row[11]:
            rest = [change for change in row[10] if self.lacks_change(row[11], change)]
            if row[11] in self._numbers or (row[10] and not rest):
                return False
            row[10] = rest
        elif as_json(row) in self._words:
            return False
        self.add(row)
        return True

    def lacks_change(self, number: int, change: Sequence[Any]) -> bool:
        """Tell whether it is not told what an access wrote."""
        _, kind, identity, version, _ = change
        return number not in self._numbers and (kind, identity, version) not in self._changes


def missing(
    blocks: Blocks, chains: Iterable[str], since: int, types: list[str], told: Known
) -> list[Row]:
    """Give events for what a process wrote since a moment, and has not told."""
    accesses: dict[int, Row] = {}
    names = "|".join(sorted(chains))
    for kind in types:
        for row in _written(blocks, kind, names, chain.moment_of(since)):
            _, number, request, address, who = orjson.loads(row["w"])
            change = _change(kind, row)
            if not told.lacks_change(number, change):
                continue
            moment = chain.milliseconds(row["t"])
            event = accesses.setdefault(number, _event(moment, request, address, who, number))
            event[0] = max(event[0], moment)
            event[10].append(list(change))
    changes = [change for row in accesses.values() for change in row[10] if not change[4]]
    known = looked_up(blocks.database, {(change[1], change[2]) for change in changes})
    for change in changes:
        change[4] = known.get((change[1], change[2]), ())
    return list(accesses.values())


def _written(blocks: Blocks, kind: str, names: str, since: datetime) -> Iterator[Document]:
    wanted = {"t": {"$gte": since}, "w": {"$regex": f'^\\["({names})"'}}
    shown = {"v": 1, "t": 1, "m": 1, "w": 1, "raw": 1}
    yield from blocks.database[kind].find(wanted, shown)
    yield from blocks.database[versions.past_name(kind)].find(wanted, shown)


def _change(kind: str, row: Document) -> traces.Change:
    key = row["_id"]
    identity, version = (key["id"], key["v"]) if isinstance(key, dict) else (key, row["v"])
    letter = "D" if row["m"] == "DELETE" else "C" if version == 1 else "U"
    patients = {identity} if kind == "Patient" else named(bytes(row.get("raw", b"")))
    return traces.Change(letter, kind, identity, version, tuple(sorted(patients)))


def _event(moment: int, request: str, address: str, who: Document, number: int) -> Row:
    notes = {"lengkap": "1"}
    return [
        moment, "E", COMPLETED, FOUND, who, address, request, "", None, [], [], number, notes,
    ]  # fmt: skip
