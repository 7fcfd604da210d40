"""Reading a type as it was at one moment, slice by slice, however long that takes.

A slice is read at one point of the database's time (snapshot read concern): the current versions
that are not younger than the moment, and for what was changed or deleted since then the version
that was current at the moment, which the history has. So slices read minutes apart, or again after
a restart, belong together.

A write gets its time just before it is committed. ``settle`` waits until no write is under way
that is older than the moment.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fhir_server.store import versions
from fhir_server.store.failures import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from fhir_server.search.plan import Filter
    from fhir_server.store.ops import Stored

Document = dict[str, Any]

ON_THE_WAY_SECONDS = 0.2
"""How long a write may be between taking its time and reaching the database."""
OLDEST_SECONDS = 60.0
"""MongoDB ends transactions that are older."""
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Slice:
    """What was current of one stretch of ids; ``last`` is the ``after`` of the next, if any."""

    resources: tuple[Stored, ...]
    last: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read of a type: ``filter`` for current versions, ``accepts`` the same for others."""

    resource_type: str
    moment: datetime
    since: datetime | None = None
    filter: Filter | None = None
    accepts: Callable[[Stored], bool] = lambda _: True

    def period(self) -> Document:
        """Select what was written by the moment, and after ``since``."""
        return {"$lte": self.moment} | ({"$gt": self.since} if self.since else {})


def settle(database: Database[Document], moment: datetime) -> None:
    """Wait until every write that has taken a time up to the moment is committed or given up."""
    while (passed := _seconds_since(moment)) < OLDEST_SECONDS:
        if passed < ON_THE_WAY_SECONDS:
            time.sleep(ON_THE_WAY_SECONDS - passed)
        elif not _is_older_write(database, passed):
            return
        else:
            time.sleep(0.05)


def _seconds_since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment).total_seconds()


def _is_older_write(database: Database[Document], seconds: float) -> bool:
    with translated(), database.client.admin.aggregate([{"$currentOp": {}}]) as running:
        return any(_age(each) >= seconds for each in running)


def _age(operation: Mapping[str, Any]) -> float:
    """Give the seconds for which a write has been running; -1 for what is none."""
    if "transaction" in operation:
        return float(operation["transaction"].get("timeOpenMicros", 0)) / 1e6
    is_write = operation.get("op") in {"insert", "update", "remove"}
    return float(operation.get("microsecs_running", 0)) / 1e6 if is_write else -1.0


def read_slice(
    database: Database[Document], wanted: Wanted, after: str | None, limit: int
) -> Slice:
    """Give up to ``limit`` resources that follow an id, by id, and what moved away since."""
    with translated(), database.client.start_session(snapshot=True) as session:
        rows = _current(database, wanted, after, limit, session)
        last = rows[-1]["_id"] if len(rows) == limit else None
        stretch = _between(after, last)
        moved = _moved(database, wanted, stretch, session)
        earlier = list(_as_they_were(database, wanted, moved, session))
    found = (versions.stored(wanted.resource_type, row) for row in earlier)
    kept = tuple(each for each in found if wanted.accepts(each))
    current = tuple(versions.stored(wanted.resource_type, row) for row in rows)
    return Slice(current + kept, last)


def _between(after: str | None, last: str | None) -> Document:
    return ({"$gt": after} if after else {}) | ({"$lte": last} if last else {})


def _current(
    database: Database[Document],
    wanted: Wanted,
    after: str | None,
    limit: int,
    session: ClientSession,
) -> list[Document]:
    chosen: list[Document] = [{"t": wanted.period()}]
    if after:
        chosen.append({"_id": {"$gt": after}})
    if wanted.filter:
        chosen.append(wanted.filter)
    found = database[wanted.resource_type].find(
        {"$and": chosen}, versions.READ, session=session, batch_size=limit
    )
    return list(found.sort("_id", 1).limit(limit))


def _moved(
    database: Database[Document], wanted: Wanted, stretch: Document, session: ClientSession
) -> list[str]:
    """Name what was written again or deleted after the moment; the indexes by time serve both."""
    since = {"t": {"$gt": wanted.moment}}
    here = since | ({"_id": stretch} if stretch else {})
    gone = since | {"m": "DELETE"} | ({"_id.id": stretch} if stretch else {})
    past = database[versions.past_name(wanted.resource_type)]
    changed = database[wanted.resource_type].find(here, {"_id": 1}, session=session)
    deleted = past.find(gone, {"_id": 1}, session=session)
    return sorted({row["_id"] for row in changed} | {row["_id"]["id"] for row in deleted})


def _as_they_were(
    database: Database[Document], wanted: Wanted, ids: list[str], session: ClientSession
) -> Iterator[Document]:
    past = database[versions.past_name(wanted.resource_type)]
    valid = {"t": wanted.period(), "u": {"$gt": wanted.moment}, "m": {"$ne": "DELETE"}}
    for start in range(0, len(ids), AT_ONCE):
        ranges = [versions.range_of(each) for each in ids[start : start + AT_ONCE]]
        yield from list(past.find({"$or": ranges, **valid}, session=session))


def deletions(
    database: Database[Document], wanted: Wanted, batch: int = AT_ONCE
) -> Iterator[tuple[Stored, Stored]]:
    """Give what was deleted in the period and still is at the moment, with its last content."""
    past = database[versions.past_name(wanted.resource_type)]
    chosen = {
        "m": "DELETE",
        "t": wanted.period(),
        "$or": [{"u": None}, {"u": {"$gt": wanted.moment}}],
    }
    with translated():
        found = past.find(chosen).sort([("t", 1), ("_id", 1)])
        for rows in _grouped(found, batch):
            before = {"$in": [_version_before(row) for row in rows]}
            contents = {row["_id"]["id"]: row for row in past.find({"_id": before})}
            for row in rows:
                content = contents.get(row["_id"]["id"])
                if content is not None:
                    kind = wanted.resource_type
                    yield versions.stored(kind, row), versions.stored(kind, content)


def _version_before(row: Document) -> Document:
    return {"id": row["_id"]["id"], "v": row["_id"]["v"] - 1}


def _grouped(rows: Iterable[Document], size: int) -> Iterator[list[Document]]:
    group: list[Document] = []
    for row in rows:
        group.append(row)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
