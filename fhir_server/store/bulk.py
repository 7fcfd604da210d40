"""Many ops in one transaction: read what is there, decide, write if that is still there.

One round trip reads everything, whatever the number of types. Writing costs, for each type
touched, one for the new ones, one for the replaced, one for the deleted and one for their
history; the outbox, if anybody is told, one, and the commit is the last. So n creates of one type
cost 2, n mixed ops of one type 6. A deleted resource that comes back costs two more.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pymongo import DeleteOne, ReplaceOne
from pymongo.errors import BulkWriteError

from fhir_server.injection import point
from fhir_server.store import failures, versions
from fhir_server.store.changes import Before, is_new
from fhir_server.store.outbox import OUTBOX
from fhir_server.store.transactions import Again

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymongo.client_session import ClientSession
    from pymongo.collection import Collection
    from pymongo.database import Database

    from fhir_server.store.changes import Change
    from fhir_server.store.ops import Op

Key = tuple[str, str]
Document = dict[str, Any]


class Taken(Exception):
    """A new resource has an id that another request has just taken, or one claims a taken key."""

    def __init__(self, change: Change, key: str | None) -> None:
        super().__init__(change.id)
        self.change = change
        self.key = key


def look_up(database: Database[Document], ops: Iterable[Op]) -> dict[Key, Before]:
    """Read what is there of every resource the ops change; what is not in the answer never was.

    This happens outside the transaction, where one query may read many collections; ``write``
    finds out whether anything changed since.
    """
    wanted: dict[str, list[str]] = defaultdict(list)
    for op in ops:
        if not is_new(op):
            wanted[op.resource_type].append(op.id)
    if not wanted:
        return {}
    first, *_ = wanted
    rows = database[first].aggregate(_everything(wanted), batchSize=versions.MOST)
    found: dict[Key, Before] = {}
    with_past: list[Key] = []
    for row in rows:
        kind, key = row.pop("type"), row["_id"]
        if type(key) is dict:
            with_past.append((kind, key["id"]))
        else:
            found[kind, key] = Before(current=row)
    for kind, resource_id in with_past:
        if (kind, resource_id) not in found:
            past = newest_past(database, kind, resource_id)
            found[kind, resource_id] = Before(past=past)
    return found


def seen(
    database: Database[Document], ops: Iterable[Op], session: ClientSession
) -> dict[Key, Before]:
    """Read what is there inside the transaction: nobody else changes it until the end.

    One round trip for each type, and one for each resource that has no current version.
    """
    wanted: dict[str, list[str]] = defaultdict(list)
    for op in ops:
        wanted[op.resource_type].append(op.id)
    found: dict[Key, Before] = {}
    for resource_type, ids in wanted.items():
        current = database[resource_type].find(
            {"_id": {"$in": ids}}, versions.SERVED, batch_size=versions.MOST, session=session
        )
        found |= {(resource_type, row["_id"]): Before(current=row) for row in current}
        for resource_id in ids:
            if (resource_type, resource_id) not in found:
                past = newest_past(database, resource_type, resource_id, session)
                found[resource_type, resource_id] = Before(past=past)
    return found


def newest_past(
    database: Database[Document],
    resource_type: str,
    resource_id: str,
    session: ClientSession | None = None,
) -> Document | None:
    """Read the newest version in the history of a resource: the deletion, if it is deleted."""
    return database[versions.past_name(resource_type)].find_one(
        versions.range_of(resource_id), sort=[("_id", -1)], session=session
    )


def write(
    database: Database[Document],
    changes: Sequence[Change],
    session: ClientSession,
    *,
    is_seen: bool = False,
) -> None:
    """Write all changes; Again if a resource is no longer what ``look_up`` saw.

    ``is_seen``: it is what ``seen`` saw, in this transaction, so that nobody asks again.
    """
    by_type: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        by_type[change.resource_type].append(change)
    for resource_type, group in by_type.items():
        _replace(database[resource_type], _of(group, "replace"), session, is_seen=is_seen)
        _delete(database[resource_type], _of(group, "delete"), session)
        _insert(database[resource_type], _of(group, "insert"), session)
        point("write-current")
        _remember(database[versions.past_name(resource_type)], group, session)
    point("write-past")
    rows = [row for change in changes for row in change.rows]
    if rows:
        database[OUTBOX].insert_many(rows, session=session)


def _replace(
    current: Collection[Document],
    changes: Sequence[Change],
    session: ClientSession,
    *,
    is_seen: bool,
) -> None:
    """Replace what was current. By nothing but its ``_id`` MongoDB finds it without planning."""
    in_turn = sorted(changes, key=lambda change: "c" in (change.document or ()))
    models = [
        ReplaceOne({"_id": change.id} if is_seen else change.seen, change.document or {})
        for change in in_turn
    ]
    try:
        if models and current.bulk_write(models, session=session).matched_count < len(models):
            raise Again
    except BulkWriteError as error:
        raise _taken(error, in_turn) from error


def _delete(
    current: Collection[Document], changes: Sequence[Change], session: ClientSession
) -> None:
    models = [DeleteOne(change.seen) for change in changes]
    if models and current.bulk_write(models, session=session).deleted_count < len(models):
        raise Again


def _insert(
    current: Collection[Document], changes: Sequence[Change], session: ClientSession
) -> None:
    documents = [change.document for change in changes if change.document]
    try:
        if documents:
            current.insert_many(documents, session=session)
    except BulkWriteError as error:
        raise _taken(error, changes) from error


def _taken(error: BulkWriteError, changes: Sequence[Change]) -> Exception:
    """Say which change met a key that is there already; any other failure is left as it is."""
    if not failures.is_duplicate(error):
        return error
    first = error.details["writeErrors"][0]
    return Taken(changes[first["index"]], failures.claimed(first))


def _remember(
    past: Collection[Document], changes: Sequence[Change], session: ClientSession
) -> None:
    documents = [document for change in changes for document in change.past]
    if documents:
        past.insert_many(documents, session=session)
    for change in changes:
        if change.revives:
            revive(past, change, session)


def revive(past: Collection[Document], change: Change, session: ClientSession) -> None:
    """Note in a deletion when the resource came back; Again if another request did."""
    until = {"$set": {"u": change.written.stored.moment}}
    untouched = {"_id": change.revives, "u": None}
    if not past.update_one(untouched, until, session=session).matched_count:
        raise Again


def _of(changes: Iterable[Change], kind: str) -> list[Change]:
    return [change for change in changes if change.kind == kind]


def _everything(wanted: dict[str, list[str]]) -> list[Document]:
    stages: list[Document] = []
    for resource_type, ids in wanted.items():
        name: Document = {"$set": {"type": {"$literal": resource_type}}}
        firsts = [{"id": resource_id, "v": 1} for resource_id in ids]
        current: list[Document] = [
            {"$match": {"_id": {"$in": ids}}},
            {"$project": versions.SERVED},
            name,
        ]
        past: list[Document] = [
            {"$match": {"_id": {"$in": firsts}}},
            {"$project": {"_id": 1}},
            name,
        ]
        stages += [_union(resource_type, current)] if stages else current
        stages.append(_union(versions.past_name(resource_type), past))
    return stages


def _union(collection: str, pipeline: list[Document]) -> Document:
    return {"$unionWith": {"coll": collection, "pipeline": pipeline}}
