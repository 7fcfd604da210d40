"""What the outbox should tell of and does not: rows that are gone, and how it is told again.

A version remembers in ``o`` whom it or an earlier one told, in ``e`` whom it told itself; whoever
was told is told of a deletion. And numbers have no gap: one that is missing, and was not swept for
its age, was taken out. Then what is still current of that time is told again to those it is for who
have no row of it; what a later version replaced need not be told any more. Of a version that was
written before there was ``e``, a row that was taken out before it had a number shows only where it
was the only one of its resource.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from fhir_server.resources.wire import parse
from fhir_server.store import versions
from fhir_server.store.failures import translated
from fhir_server.store.outbox import OUTBOX, STATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pymongo.database import Database

    from fhir_server.store.outbox import Notices

Document = dict[str, Any]
Pair = tuple[str, str]
"""A target and an audience there."""

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
MENDED = "mended"
SLACK = timedelta(seconds=60)
"""A transaction may take as long, so numbers and moments may be as far out of order."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that are missing, and the moments of the rows beside them."""

    first: int
    last: int
    begin: datetime
    end: datetime

    def spans(self, moment: datetime) -> bool:
        """Tell whether a row of this moment may have had one of these numbers."""
        return self.begin <= moment <= self.end


def gaps(database: Database[Document]) -> list[Gap]:
    """Find the numbers that were neither swept for their age nor mended before."""
    with translated():
        known, last = _states(database)
        found = list(_gaps(database, known, last))
        known, _ = _states(database)  # what was swept meanwhile
    return [each for each in found if each.last > known]


def said(gap: Gap) -> str:
    """Say what is missing."""
    which = f"the number {gap.first}" if gap.first == gap.last else f"{gap.first} to {gap.last}"
    return (
        f"outbox: no row has {which}, so rows were taken out; what they told of is named here, "
        "too, if it is still current; --repair tells it again"
    )


def said_of(row: Document) -> str:
    """Say what a row that is not there would tell."""
    whom = " ".join(filter(None, (row["target"], row["audience"])))
    return (
        f"{row['type']}/{row['id']}: its version {row['v']} was for {whom}, but the outbox does "
        "not tell of it; --repair tells it again"
    )


def _states(database: Database[Document]) -> tuple[int, int]:
    """Give up to which number none need be there, and the last one given."""
    rows = {row["_id"]: row for row in database[STATE].find()}
    last = rows.pop("numbers", {}).get("last", 0)
    return max((row["n"] for row in rows.values()), default=0), last


def _gaps(database: Database[Document], known: int, last: int) -> Iterator[Gap]:
    begin = EARLIEST
    numbered = {"n": {"$gt": known, "$lte": last}}
    fields = {"n": 1, "t": 1}
    for row in database[OUTBOX].find(numbered, fields, allow_disk_use=True).sort("n", 1):
        if row["n"] > known + 1:
            yield Gap(known + 1, row["n"] - 1, begin, row["t"] + SLACK)
        known, begin = row["n"], row["t"] - SLACK
    if known < last:
        yield Gap(known + 1, last, begin, LATEST)


def lacking(
    database: Database[Document], kind: str, notices: Notices, missing: Sequence[Gap]
) -> Iterator[Document]:
    """Give the rows about resources of a type that are not there and should be, unnumbered."""
    with translated():
        for found in _resources(database, kind, with_text=bool(missing)):
            for row in _lacking(kind, found, notices, missing):
                if not _is_swept(database, row) and _is_gone(database, row):
                    yield row


def tell_again(database: Database[Document], kinds: Iterable[str], notices: Notices) -> int:
    """Put rows that are gone into the outbox anew; give how many."""
    missing, told = gaps(database), 0
    for kind in kinds:
        rows = list(lacking(database, kind, notices, missing))
        with translated():
            if rows:
                database[OUTBOX].insert_many(rows)
        told += len(rows)
    if missing:
        with translated():
            highest = {"$max": {"n": missing[-1].last}}
            database[STATE].update_one({"_id": MENDED}, highest, upsert=True)
    return told


@dataclass(slots=True)
class _Found:
    """What is known of one resource."""

    rows: list[Document]
    current: Document | None
    deletions: list[Document]


def _resources(database: Database[Document], kind: str, *, with_text: bool) -> Iterator[_Found]:
    """Give every resource of a type with its rows, current version and deletions."""
    fields = {"v": 1, "t": 1, "m": 1, "o": 1, "e": 1} | (versions.WHOLE if with_text else {})
    named = {"target": 1, "audience": 1, "id": 1, "v": 1}
    rows = database[OUTBOX].find({"type": kind, "x": None}, named, allow_disk_use=True)
    current = database[kind].find({}, fields).sort("_id", 1)
    past = database[versions.past_name(kind)].find({"m": "DELETE"}, {"t": 1, "u": 1}).sort("_id", 1)
    together = heapq.merge(
        ((row["id"], "row", row) for row in rows.sort("id", 1)),
        ((row["_id"], "current", row) for row in current),
        ((row["_id"]["id"], "deletion", row) for row in past),
        key=lambda each: each[0],
    )
    for _, group in groupby(together, key=lambda each: each[0]):
        found = _Found([], None, [])
        for _, what, row in group:
            if what == "row":
                found.rows.append(row)
            elif what == "current":
                found.current = row
            else:
                found.deletions.append(row)
        yield found


def _lacking(
    kind: str, found: _Found, notices: Notices, missing: Sequence[Gap]
) -> Iterator[Document]:
    current, deletions = found.current, found.deletions
    if current is not None:
        wanted = _untold(current, found.rows, notices, missing)
        key, version = current["_id"], current["v"]
    elif found.rows and deletions and "u" not in deletions[-1]:
        current = deletions[-1]
        key, version = current["_id"]["id"], current["_id"]["v"]
        before = deletions[-2]["_id"]["v"] if len(deletions) > 1 else 0
        wanted = _pairs(row for row in found.rows if before < row["v"])
        wanted -= _pairs(row for row in found.rows if row["v"] == version)
    else:
        return
    for target, audience in sorted(wanted):
        yield {
            "target": target,
            "audience": audience,
            "type": kind,
            "id": key,
            "v": version,
            "t": current["t"],
            "method": current.get("m", "DELETE"),
            "n": 0,
        }


def _untold(
    current: Document, rows: list[Document], notices: Notices, missing: Sequence[Gap]
) -> set[Pair]:
    """Give whom a current version should have told and did not."""
    wanted = {(target, audience) for target, audience in current.get("o", ())} - _pairs(rows)
    told = _pairs(row for row in rows if row["v"] == current["v"])
    wanted |= {(target, audience) for target, audience in current.get("e", ())} - told
    if any(gap.spans(current["t"]) for gap in missing):
        asked = notices(parse(versions.text_of(current)))
        wanted |= {(each.target, each.audience) for each in asked} - told
    return wanted


def _pairs(rows: Iterable[Document]) -> set[Pair]:
    return {(row["target"], row["audience"]) for row in rows}


def _is_swept(database: Database[Document], row: Document) -> bool:
    """Tell whether rows as old as this one were removed for their age."""
    pair = {name: row[name] for name in ("target", "audience")}
    if database[STATE].find_one({"_id": f"swept {row['target']} {row['audience']}"}) is None:
        return False
    oldest = database[OUTBOX].find_one({**pair, "n": {"$gt": 0}}, {"t": 1}, sort=[("n", 1)])
    return oldest is None or bool(row["t"] <= oldest["t"] + SLACK)


def _is_gone(database: Database[Document], row: Document) -> bool:
    """Tell whether the row is not there now, either: writes go on while all this is read."""
    which = {name: row[name] for name in ("target", "audience", "type", "id", "v")}
    return database[OUTBOX].find_one({**which, "x": None}, {"_id": 1}) is None
