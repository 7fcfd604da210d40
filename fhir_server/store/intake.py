"""Takes rows of the outbox in: each becomes a delivery to its target, or news to one.

What was expunged is nothing to send, and its id may be another resource's by now. So each target
counts what is expunged, in the transaction that does it: who takes rows in while something is
expunged sees that the count has changed and looks again, or makes the transaction do so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from fhir_server.injection import point
from fhir_server.store import progress
from fhir_server.store.failures import DUPLICATE
from fhir_server.store.progress import key
from fhir_server.store.versions import now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pymongo.collection import Collection

    from fhir_server.store.outbox import Row

Document = dict[str, Any]

UNSENT: Document = {"$set": {"seen": 0, "sent": 0}}
"""What becomes of deliveries when their resources are expunged."""


class Intake:
    """Writes the deliveries and cursors of one database; ``rows`` are those of the outbox."""

    def __init__(
        self,
        all_: Collection[Document],
        targets: Collection[Document],
        rows: Collection[Document],
    ) -> None:
        self._all, self._targets, self._rows = all_, targets, rows

    def take_in(self, target: str, rows: Sequence[Row]) -> None:
        """Take rows in, oldest first, and move the cursor; to do it twice changes nothing."""
        before = self._expunges(target)
        there = self._without_expunged(target, [row for row in rows if not row.expunged])
        self._take(target, there)
        point("delivery-noted")
        while not self._moved(target, rows[-1].n, before):
            before = self._expunges(target)
            there = self._without_expunged(target, there)

    def _take(self, target: str, rows: Sequence[Row]) -> None:
        moment = now()
        known = self._begin([row for row in rows if row.version == 1], moment)
        further = [row for row in rows if row.version > 1 or ref(row) in known]
        write(self._all, [told(target, row, moment) for row in further])

    def _expunges(self, target: str) -> int:
        """Count what was expunged since there is this target; from now on it is counted."""
        fresh = {"$setOnInsert": {"cursor": 0}}
        found = self._targets.find_one_and_update(
            {"_id": target},
            fresh,
            {"expunges": 1},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return int((found or {}).get("expunges", 0))

    def _without_expunged(self, target: str, rows: Sequence[Row]) -> list[Row]:
        """Leave out the rows that are marked by now; what they began is nothing to send."""
        if not rows:
            return []
        numbers = {"$gte": rows[0].n, "$lte": rows[-1].n}
        marked = self._rows.find({"target": target, "n": numbers, "x": True}, {"n": 1})
        gone = {each["n"] for each in marked}
        keys = [key(target, ref(row)) for row in rows if row.n in gone]
        if keys:
            self._all.update_many({"_id": {"$in": keys}}, UNSENT)
        return [row for row in rows if row.n not in gone]

    def _moved(self, target: str, n: int, expunges: int) -> bool:
        """Move the cursor, unless something was expunged since so many were counted."""
        unchanged = {"_id": target, "expunges": expunges or None}
        moved = self._targets.update_one(unchanged, {"$max": {"cursor": n}})
        return moved.matched_count == 1

    def _begin(self, rows: Sequence[Row], moment: datetime) -> set[str]:
        """Begin the deliveries of first versions; give those that have been begun before."""
        if not rows:
            return set()
        try:
            self._all.insert_many([progress.begun(row, moment) for row in rows], ordered=False)
        except BulkWriteError as error:
            failed = error.details["writeErrors"]
            if any(each["code"] != DUPLICATE for each in failed):
                raise
            return {ref(rows[each["index"]]) for each in failed}
        return set()


def write(all_: Collection[Document], updates: Sequence[UpdateOne | UpdateMany]) -> None:
    """Write; a state that another process makes at the same moment is written again."""
    if not updates:
        return
    try:
        all_.bulk_write(updates, ordered=False)
    except BulkWriteError as error:
        failed = error.details["writeErrors"]
        if any(each["code"] != DUPLICATE for each in failed):
            raise
        all_.bulk_write([updates[each["index"]] for each in failed], ordered=False)


def told(target: str, row: Row, moment: datetime) -> UpdateOne:
    """Write news of a resource to its delivery."""
    return UpdateOne({"_id": key(target, ref(row))}, progress.told(row, moment), upsert=True)


def ref(row: Row) -> str:
    """Name a resource: ``Type/id``."""
    return f"{row.resource_type}/{row.id}"
