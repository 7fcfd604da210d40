"""Taking out for good: resources with their history, or the content of past versions.

An emptied version keeps its row, so that versions have no gaps; it reads like a deletion. Rows of
the outbox stay for their numbers, marked: what they tell of is not missed. Who gets the id later is
a new resource, to those who were told of the old one, too. What was being sent is given back as
though its worker had died: it may have arrived.

Rows are found by a scan of the outbox (no index has type and id): as much as ``outbox_days`` leave
of it, for an operation of the operator that is rare, while an index would cost every write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.store import transactions, versions
from fhir_server.store.dispatches import DISPATCHES, TARGETS
from fhir_server.store.intake import UNSENT
from fhir_server.store.outbox import OUTBOX
from fhir_server.store.progress import left_behind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymongo import MongoClient
    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from fhir_server.store.binaries import Binaries

Document = dict[str, Any]

_FILED = {"f": {"$exists": True}}
_MARKED = {"$set": {"x": True}}
_COUNTED = {"$inc": {"expunges": 1}}
"""Who takes rows in meanwhile sees it, or makes the transaction wait and look again."""
_EMPTY = {"$unset": {"raw": "", "at": "", "f": ""}, "$set": {"m": "DELETE"}}


class Expunger:
    """Takes out of one database; each call is one transaction, keyed by ids."""

    def __init__(
        self, client: MongoClient[Document], database: Database[Document], binaries: Binaries
    ) -> None:
        self._client = client
        self._database = database
        self._binaries = binaries

    def resources(self, resource_type: str, ids: Sequence[str]) -> int:
        """Take resources out with all their versions; give how many versions that were."""
        if not ids:
            return 0
        current = self._database[resource_type]
        past = self._database[versions.past_name(resource_type)]
        earlier = {"$or": [versions.range_of(each) for each in ids]}
        told = {"type": resource_type, "id": {"$in": list(ids)}}
        references = [f"{resource_type}/{each}" for each in ids]
        deliveries = {"ref": {"$in": references}}
        held = {"holder": {"$gt": None}}

        def body(session: ClientSession) -> int:
            now = current.delete_many({"_id": {"$in": list(ids)}}, session=session)
            before = past.delete_many(earlier, session=session)
            self._database[OUTBOX].update_many(told, _MARKED, session=session)
            dispatches = self._database[DISPATCHES]
            dispatches.update_many(deliveries | held, left_behind(moment), session=session)
            dispatches.update_many(deliveries, UNSENT, session=session)
            self._database[TARGETS].update_many({}, _COUNTED, session=session)
            return now.deleted_count + before.deleted_count

        moment = versions.now()
        files = _files(current.find({"_id": {"$in": list(ids)}, **_FILED}, {"f.id": 1}))
        files += _files(past.find({**earlier, **_FILED}, {"f.id": 1}))
        done = transactions.run(self._client, body)
        self._binaries.remove(files)
        return done

    def version(self, resource_type: str, resource_id: str, number: int) -> int:
        """Empty one past version; give 1, or 0 if there is none with content."""
        return self._emptied(resource_type, {"_id": {"id": resource_id, "v": number}}, 1)

    def past(self, resource_type: str, resource_id: str | None, limit: int) -> int:
        """Empty past versions, of one resource or of a type; give how many."""
        wanted = {} if resource_id is None else versions.range_of(resource_id)
        return self._emptied(resource_type, wanted, limit)

    def deleted(self, resource_type: str, limit: int) -> list[str]:
        """Name resources that are deleted."""
        gone = {"m": "DELETE", "raw": None, "u": None}
        rows = self._database[versions.past_name(resource_type)].find(gone, {"_id": 1}, limit=limit)
        return [row["_id"]["id"] for row in rows]

    def _emptied(self, resource_type: str, wanted: Document, limit: int) -> int:
        past = self._database[versions.past_name(resource_type)]
        full = {**wanted, "raw": {"$exists": True}}
        rows = list(past.find(full, {"_id": 1, "f.id": 1}, limit=limit))
        if not rows:
            return 0
        keys = [row["_id"] for row in rows]
        done = past.update_many({"_id": {"$in": keys}}, _EMPTY).modified_count
        self._binaries.remove(_files(rows))
        return done


def _files(rows: Iterable[Document]) -> list[Any]:
    return [row["f"]["id"] for row in rows if "f" in row]
