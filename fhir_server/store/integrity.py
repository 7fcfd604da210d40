"""Whether what the database holds agrees with itself: versions, outbox, deliveries.

Reads in the order of keys and holds little at a time; writes that go on meanwhile may show as
faults that are gone when it is asked again.
"""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from fhir_server.resources.wire import parse
from fhir_server.store import untold
from fhir_server.store.failures import translated
from fhir_server.store.layout import CLAIMING
from fhir_server.store.outbox import OUTBOX, STATE
from fhir_server.store.versions import WHOLE, past_name, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pymongo.database import Database

    from fhir_server.store.reindex import Keys

    Document = dict[str, Any]

AT_ONCE = 1000


def history(database: Database[Document], resource_type: str) -> Iterator[str]:
    """Say of each resource of a type whose versions have a gap or do not follow one another."""
    with translated():
        for resource_id, past, current in _histories(database, resource_type):
            yield from _of_one(resource_type, resource_id, past, current)


def mend_ends(database: Database[Document], resource_type: str) -> int:
    """Let every past version end when the one that follows begins; give how many did not."""
    wrong = []
    with translated():
        for _, past, current in _histories(database, resource_type):
            for row, after in _misfits(past, current):
                change = {"$set": {"u": after["t"]}}
                wrong.append(UpdateOne({"_id": row["_id"], "u": row["u"]}, change))
        if wrong:
            database[past_name(resource_type)].bulk_write(wrong, ordered=False)
    return len(wrong)


def _histories(
    database: Database[Document], resource_type: str
) -> Iterator[tuple[str, list[Document], Document | None]]:
    """Give of every resource its past versions and its current one, in the order of ids."""
    current = _Sorted(database[resource_type].find({}, {"v": 1, "t": 1}).sort("_id", 1))
    fields = {"t": 1, "u": 1, "m": 1}
    earlier = database[past_name(resource_type)].find({}, fields).sort("_id", 1)
    for resource_id, group in groupby(earlier, key=lambda row: row["_id"]["id"]):
        for row in current.before(resource_id):
            yield row["_id"], [], row
        yield resource_id, list(group), current.at(resource_id)
    for row in current.rest():
        yield row["_id"], [], row


def _misfits(past: list[Document], current: Document | None) -> Iterator[tuple[Document, Document]]:
    """Give the past versions whose end is not the beginning of the next, each with the next."""
    numbers = [row["_id"]["v"] for row in past] + ([current["v"]] if current else [])
    if numbers != list(range(1, len(numbers) + 1)):
        return
    following = [*past[1:], *([current] if current else [])]
    for row, after in zip(past, following, strict=False):
        if "u" in row and row["u"] != after["t"]:
            yield row, after


class _Sorted:
    """Current versions in the order of their ids, read once from the first to the last."""

    def __init__(self, rows: Iterable[Document]) -> None:
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    def before(self, resource_id: str) -> Iterator[Document]:
        """Give those before an id."""
        while self._next is not None and self._next["_id"].encode() < resource_id.encode():
            yield self._next
            self._next = next(self._rows, None)

    def at(self, resource_id: str) -> Document | None:
        """Give the one with this id, if it is there."""
        if self._next is None or self._next["_id"] != resource_id:
            return None
        found, self._next = self._next, next(self._rows, None)
        return found

    def rest(self) -> Iterator[Document]:
        """Give those that are left."""
        if self._next is not None:
            yield self._next
        yield from self._rows


def _of_one(
    resource_type: str, resource_id: str, past: list[Document], current: Document | None
) -> Iterator[str]:
    where = f"{resource_type}/{resource_id}"
    versions = [row["_id"]["v"] for row in past] + ([current["v"]] if current else [])
    if versions != list(range(1, len(versions) + 1)):
        shown = ", ".join(map(str, versions[:10]))
        yield f"{where}: its versions are {shown}; there should be 1 to {versions[-1]}"
        return
    if current is None and past[-1]["m"] != "DELETE":
        yield f"{where}: has no current version, and its last one is no deletion"
    for row, _ in _misfits(past, current):
        number = row["_id"]["v"]
        yield f"{where}: version {number} ends at another moment than the next one begins"


def unclaimed(database: Database[Document], resource_type: str, keys: Keys) -> Iterator[str]:
    """Say which resources of a type do not hold the keys that they alone may have, or others."""
    if resource_type not in CLAIMING:
        return
    with translated():
        for row in database[resource_type].find({}, {**WHOLE, "c": 1}).sort("_id", 1):
            if sorted(row.get("c", ())) != sorted(keys(parse(text_of(row)))):
                yield (
                    f"{resource_type}/{row['_id']}: does not hold the keys that it alone may have; "
                    f"where --repair leaves it so, another {resource_type} holds them"
                )


def outbox(database: Database[Document]) -> Iterator[str]:
    """Say which rows tell of a version that is not there, share a number, or are missing."""
    yield from map(untold.said, untold.gaps(database))
    with translated():
        twice = database[OUTBOX].aggregate(
            [
                {"$match": {"n": {"$gt": 0}}},
                {"$group": {"_id": "$n", "rows": {"$sum": 1}}},
                {"$match": {"rows": {"$gt": 1}}},
            ]
        )
        for each in twice:
            yield f"outbox: {each['rows']} rows have the number {each['_id']}"
        state = database[STATE].find_one({"_id": "numbers"}) or {"last": 0}
        if database[OUTBOX].find_one({"n": {"$gt": state["last"]}}) and not state.get("plan"):
            yield f"outbox: a row has a number after the last one given ({state['last']})"
        rows = database[OUTBOX].find({"x": None}, {"type": 1, "id": 1, "v": 1}).sort("_id", 1)
        for resource_type, key, version in _not_there(database, rows):
            yield f"outbox: tells of {resource_type}/{key} version {version}, which is not there"


def _not_there(
    database: Database[Document], rows: Iterable[Document]
) -> Iterator[tuple[str, str, int]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, AT_ONCE)):
        by_type = sorted({(row["type"], row["id"], row["v"]) for row in batch})
        for resource_type, group in groupby(by_type, key=lambda each: each[0]):
            wanted = {(key, version) for _, key, version in group}
            missing = wanted - _there(database, resource_type, wanted)
            yield from ((resource_type, *each) for each in sorted(missing))


def _there(
    database: Database[Document], resource_type: str, wanted: set[tuple[str, int]]
) -> set[tuple[str, int]]:
    ids = sorted({key for key, _ in wanted})
    keys = [{"id": key, "v": version} for key, version in sorted(wanted)]
    current = database[resource_type].find({"_id": {"$in": ids}}, {"v": 1})
    past = database[past_name(resource_type)].find({"_id": {"$in": keys}}, {"_id": 1})
    found = {(row["_id"], row["v"]) for row in current}
    return found | {(row["_id"]["id"], row["_id"]["v"]) for row in past}


def dangling(database: Database[Document], references: set[str]) -> set[str]:
    """Give those of ``Type/id`` that are not there, and never were."""
    missing = set()
    by_type = sorted(tuple(each.split("/", 1)) for each in references)
    with translated():
        for resource_type, group in groupby(by_type, key=lambda each: each[0]):
            ids = [resource_id for _, resource_id in group]
            current = database[resource_type].find({"_id": {"$in": ids}}, {"_id": 1})
            lacking = set(ids) - {row["_id"] for row in current}
            first = [{"id": each, "v": 1} for each in sorted(lacking)]
            past = database[past_name(resource_type)].find({"_id": {"$in": first}}, {"_id": 1})
            lacking -= {row["_id"]["id"] for row in past}
            missing |= {f"{resource_type}/{each}" for each in lacking}
    return missing
