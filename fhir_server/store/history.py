"""History: of one resource, of a type, of everything, newest first.

One aggregation joins the current versions with the past ones, in one round trip; for the history
of everything the collections are listed first. Pages go by key: by version within one resource,
else by (lastUpdated, id, type, version), all falling.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fhir_server.resources.wire import Text
from fhir_server.store import versions
from fhir_server.store.ops import Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

Document = dict[str, Any]
Key = tuple[int | str, ...]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
ORDER = {"t": -1, "id": -1, "k": -1, "v": -1}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which versions: ``at`` is a period [low, high) in which they were current at some moment."""

    since: datetime | None = None
    at: tuple[datetime, datetime] | None = None
    count: int = 20
    after: Sequence[Any] | None = None

    def period(self) -> Document:
        """Select by time, in current as in past versions."""
        chosen: list[Document] = []
        if self.since:
            chosen.append({"t": {"$gte": self.since}})
        if self.at:
            low, high = self.at
            chosen += [{"t": {"$lt": high}}, {"$or": [{"u": None}, {"u": {"$gt": low}}]}]
        return {"$and": chosen} if chosen else {}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of history. ``last`` is the ``after`` of the next page: numbers and strings.

    ``total`` is None where counting would cost another query.
    """

    resources: tuple[Stored, ...]
    more: bool
    last: Key | None
    total: int | None = None


def beginnings(
    database: Database[Document], resource_type: str, ids: Sequence[str]
) -> dict[str, datetime]:
    """Give the instant of version 1 of each resource that has a past."""
    firsts = [{"id": resource_id, "v": 1} for resource_id in ids]
    past = database[versions.past_name(resource_type)]
    found = past.find({"_id": {"$in": firsts}}, {"t": 1}) if firsts else ()
    return {each["_id"]["id"]: each["t"] for each in found}


def of_resource(
    database: Database[Document], resource_type: str, resource_id: str, wanted: Wanted
) -> Page:
    """Give the versions of one resource, the highest first; an empty page if it never was."""
    below = wanted.after[0] if wanted.after else versions.FAR
    key = {"$gte": {"id": resource_id, "v": 0}, "$lt": {"id": resource_id, "v": below}}
    current = _branch(resource_type, {"_id": resource_id, "v": {"$lt": below}}, {"v": -1}, wanted)
    past = _branch(resource_type, {"_id": key}, {"_id": -1}, wanted)
    union = _union(versions.past_name(resource_type), past)
    rows = list(
        database[resource_type].aggregate(
            [*current, union, *_top({"v": -1}, wanted)], batchSize=versions.MOST
        )
    )
    found = _read(rows, wanted)
    whole = wanted.after is None and not wanted.period()
    return Page(
        found,
        more=len(rows) > wanted.count,
        last=(found[-1].version,) if found else None,
        total=found[0].version if whole and found else None,
    )


def of_types(database: Database[Document], types: Sequence[str], wanted: Wanted) -> Page:
    """Give the versions of all resources of these types, the newest first."""
    stages: list[Document] = []
    for kind in types:
        after, before = _after(kind, wanted, "current"), _after(kind, wanted, "past")
        current = _branch(kind, after, {"t": -1, "_id": -1}, wanted)
        past = _branch(kind, before, {"t": -1, "_id": -1}, wanted)
        stages += [_union(kind, current)] if stages else current
        stages.append(_union(versions.past_name(kind), past))
    if not stages:
        return Page((), more=False, last=None)
    rows = list(
        database[types[0]].aggregate([*stages, *_top(ORDER, wanted)], batchSize=versions.MOST)
    )
    found = _read(rows, wanted)
    return Page(found, more=len(rows) > wanted.count, last=_key(found[-1]) if found else None)


def _key(stored: Stored) -> Key:
    moment = (stored.moment - EPOCH) // MILLISECOND
    return (moment, stored.id, stored.resource_type, stored.version)


def _after(kind: str, wanted: Wanted, where: str) -> Document:
    if not wanted.after:
        return {}
    since_epoch, resource_id, last_kind, version = wanted.after
    moment = EPOCH + since_epoch * MILLISECOND
    if kind != last_kind:
        version = versions.FAR if kind < last_kind else 0
    if where == "past":
        tie: Document = {"_id": {"$lt": {"id": resource_id, "v": version}}}
    else:
        same = {"_id": resource_id, "v": {"$lt": version}}
        tie = {"$or": [{"_id": {"$lt": resource_id}}, same]}
    return {"$or": [{"t": {"$lt": moment}}, {"t": moment, **tie}]}


def _branch(kind: str, chosen: Document, order: Document, wanted: Wanted) -> list[Document]:
    row = {
        "k": {"$literal": kind},
        "id": {"$ifNull": ["$_id.id", "$_id"]},
        "v": {"$ifNull": ["$v", "$_id.v"]},
        **dict.fromkeys(("t", "m", "raw", "at"), 1),
    }
    match = {"$and": [part for part in (chosen, wanted.period()) if part]}
    return [
        {"$match": match if match["$and"] else {}},
        *_top(order, wanted),
        {"$project": row},
    ]


def _top(order: Document, wanted: Wanted) -> list[Document]:
    return [{"$sort": order}, {"$limit": wanted.count + 1}]


def _union(collection: str, pipeline: list[Document]) -> Document:
    return {"$unionWith": {"coll": collection, "pipeline": pipeline}}


def _read(rows: list[Document], wanted: Wanted) -> tuple[Stored, ...]:
    return tuple(
        Stored(
            row["k"],
            row["id"],
            row["v"],
            row["t"],
            Text(row["raw"], row["at"]) if "raw" in row else None,
            row["m"],
        )
        for row in rows[: wanted.count]
    )
