"""How far each resource is at each target; what a worker takes to send, and what became of it.

    _dispatches          {_id: "target/Type/id", target, type, id, ref, state, seen, sent, …}
    _dispatches.targets  {_id: target, cursor, next, closed, level, why, remedy}

A worker claims deliveries for some seconds and settles each; when it dies, the claim runs out.
``progress`` says how a state moves.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from fhir_server.injection import point
from fhir_server.store import progress
from fhir_server.store.coalesce import Coalescer
from fhir_server.store.failures import DUPLICATE, translated
from fhir_server.store.outbox import Row
from fhir_server.store.progress import Dispatch, Part, Settlement, State, dispatch, key
from fhir_server.store.versions import now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from pymongo.database import Database

Document = dict[str, Any]

DISPATCHES, TARGETS = "_dispatches", "_dispatches.targets"
INDEXES = [
    IndexModel(
        [("target", ASCENDING), ("due", ASCENDING)],
        partialFilterExpression={"due": {"$exists": True}},
    ),
    IndexModel(
        [("target", ASCENDING), ("waits", ASCENDING)],
        partialFilterExpression={"waits": {"$exists": True}},
    ),
    IndexModel([("target", ASCENDING), ("state", ASCENDING), ("changed", DESCENDING)]),
    IndexModel([("ref", ASCENDING)]),
]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a target is spoken to: not for some ``seconds``, until ``closed``, and ``why``."""

    closed: datetime | None = None
    seconds: float = 0.0
    level: int = 0
    why: str = ""
    remedy: str = ""


class Dispatches:
    """The deliveries of one database."""

    def __init__(self, database: Database[Document]) -> None:
        self._all = database[DISPATCHES]
        self._targets = database[TARGETS]
        self._ready = False
        self._settling: Coalescer[Settlement, None] = Coalescer(self._settle)

    def cursor(self, target: str) -> int:
        """Give the number of the last row of the outbox that was taken in."""
        with translated():
            found = self._targets.find_one({"_id": target}, {"cursor": 1})
        return int(found.get("cursor", 0)) if found else 0

    def take_in(self, target: str, rows: Sequence[Row]) -> None:
        """Take rows of the outbox in, and move the cursor; to do it twice changes nothing."""
        moment = now()
        updates = [
            UpdateOne({"_id": key(target, _ref(row))}, progress.told(row, moment), upsert=True)
            for row in rows
        ]
        with translated():
            self._index()
            self._write(updates)
            point("delivery-noted")
            last = {"$max": {"cursor": rows[-1].n}}
            self._targets.update_one({"_id": target}, last, upsert=True)

    def enqueue(self, target: str, versions: Iterable[tuple[str, str, int, datetime]]) -> None:
        """Deliver resources that no row of the outbox tells of: type, id, version, moment."""
        moment = now()
        rows = [Row(0, target, "", kind, name, v, t, "PUT") for kind, name, v, t in versions]
        updates = [
            UpdateOne({"_id": key(target, _ref(row))}, progress.told(row, moment), upsert=True)
            for row in rows
        ]
        with translated():
            self._index()
            self._write(updates)

    def note(self, target: str, arrived: Mapping[str, Sequence[Part]]) -> None:
        """Keep the ids of what arrived along with another resource, by ``Type/id``.

        Only of what has none yet: its own delivery finds them, and sends what differs.
        """
        updates: list[UpdateOne | UpdateMany] = [
            UpdateOne(
                {"_id": key(target, each), "parts": []},
                {
                    "$set": {
                        "parts": [progress.written(part) for part in parts],
                        "remote": parts[0].remote,
                    }
                },
            )
            for each, parts in arrived.items()
        ]
        with translated():
            self._write(updates)

    def claim(self, target: str, limit: int, seconds: float) -> list[Dispatch]:
        """Take the deliveries that have been due the longest, in order."""
        moment, holder = now(), str(uuid.uuid4())
        due = {"target": target, "due": {"$lte": moment}}
        taken = progress.claimed(holder, moment + timedelta(seconds=seconds))
        with translated():
            found = self._all.find(due, {"_id": 1}).sort("due", 1).limit(limit)
            ids = [each["_id"] for each in found]
            if not ids:
                return []
            self._all.update_many({"_id": {"$in": ids}, "due": {"$lte": moment}}, [taken])
            mine = self._all.find({"_id": {"$in": ids}, "holder": holder}).sort("since", 1)
            return [dispatch(each) for each in mine]

    def keep(self, target: str, claimed: Iterable[Dispatch], seconds: float) -> None:
        """Go on holding deliveries."""
        claimed = list(claimed)
        mine = {
            "_id": {"$in": [each.key for each in claimed]},
            "target": target,
            "holder": {"$in": list({each.holder for each in claimed})},
        }
        with translated():
            self._all.update_many(mine, {"$set": {"due": now() + timedelta(seconds=seconds)}})

    def release(self, claimed: Sequence[Dispatch]) -> None:
        """Give back what was claimed and not begun."""
        updates = [
            UpdateOne(
                {"_id": each.key, "holder": each.holder},
                [{"$set": {"holder": progress.REMOVED, "unknown": each.unknown, "due": "$since"}}],
            )
            for each in claimed
        ]
        with translated():
            self._write(updates)

    def settle(self, done: Settlement) -> None:
        """Write what became of an attempt, unless the claim was lost meanwhile."""
        self._settling.ask(done)

    def conclude(self, target: str, reference: str, state: State, reason: str = "") -> bool:
        """Say what became of a delivery that was ``sent``; False if there is none."""
        moment = now()
        entry = {"t": moment, "outcome": state} | ({"reason": reason} if reason else {})
        change = {
            "$set": {"state": state, "reason": reason, "changed": moment},
            "$push": {"history": {"$each": [entry], "$slice": -progress.KEPT}},
        }
        there = {"_id": key(target, reference), "state": {"$in": sorted(progress.THERE)}}
        with translated():
            return bool(self._all.update_one(there, change).matched_count)

    def find(self, target: str, references: Iterable[str]) -> dict[str, Dispatch]:
        """Give the states of resources at a target, by ``Type/id``; none of those unknown."""
        ids = [key(target, each) for each in references]
        if not ids:
            return {}
        with translated():
            found = [dispatch(each) for each in self._all.find({"_id": {"$in": ids}})]
        return {each.reference: each for each in found}

    def wake(self, target: str, references: Sequence[str]) -> None:
        """Let go on what waits for these, because they have arrived."""
        with translated():
            self._write([_wake(target, references)])

    def retry(
        self,
        target: str,
        *,
        states: Sequence[State] = progress.STUCK,
        references: Sequence[str] = (),
        resend: bool = False,
    ) -> int:
        """Try deliveries in these states again at once; give how many.

        ``references``: only these. ``resend``: send again what has arrived, too.
        """
        wanted: Document = {"target": target, "state": {"$in": [*states]}}
        if references:
            wanted["_id"] = {"$in": [key(target, each) for each in references]}
        with translated():
            wanted |= {"holder": None}
            stages = progress.retried(now(), resend=resend)
            return self._all.update_many(wanted, stages).modified_count

    def counts(self) -> dict[str, dict[State, int]]:
        """Count the deliveries of each target by state."""
        group = {"$group": {"_id": {"target": "$target", "state": "$state"}, "n": {"$sum": 1}}}
        counted: dict[str, dict[State, int]] = {}
        with translated():
            for each in self._all.aggregate([group]):
                counted.setdefault(each["_id"]["target"], {})[each["_id"]["state"]] = each["n"]
        return counted

    def page(
        self,
        target: str | None = None,
        *,
        states: Sequence[State] = (),
        references: Sequence[str] = (),
        limit: int = 100,
        skip: int = 0,
    ) -> Sequence[Dispatch]:
        """List deliveries, the last changed first."""
        with translated():
            found = self._all.find(_wanted(target, states, references))
            page = found.sort([("changed", -1), ("_id", 1)]).skip(skip).limit(limit)
            return tuple(dispatch(each) for each in page)

    def count(
        self,
        target: str | None = None,
        *,
        states: Sequence[State] = (),
        references: Sequence[str] = (),
    ) -> int:
        """Count deliveries."""
        with translated():
            return self._all.count_documents(_wanted(target, states, references))

    def health(self, target: str) -> Health:
        """Say whether a target is spoken to."""
        with translated():
            found = self._targets.find_one({"_id": target}) or {}
        closed = found.get("closed")
        return Health(
            closed,
            max(0.0, (closed - now()).total_seconds()) if closed else 0.0,
            found.get("level", 0),
            found.get("why", ""),
            found.get("remedy", ""),
        )

    def close(self, target: str, seconds: float, level: int, why: str, remedy: str = "") -> None:
        """Leave a target alone for some seconds."""
        new = {"closed": now() + timedelta(seconds=seconds), "level": level}
        with translated():
            said = {"$set": new | {"why": why, "remedy": remedy}}
            self._targets.update_one({"_id": target}, said, upsert=True)

    def open(self, target: str) -> None:
        """Speak to a target again."""
        gone = {"closed": "", "level": "", "why": "", "remedy": ""}
        with translated():
            self._targets.update_one({"_id": target}, {"$unset": gone})

    def reserve(self, target: str, number: int, rate: float) -> float:
        """Take the next places of ``rate`` requests a second; give the seconds until the first.

        The database's clock counts, so workers on different machines keep the rate together.
        """
        span = round(1000 * number / rate)
        later = {"$dateAdd": {"startDate": "$first", "unit": "millisecond", "amount": span}}
        stages: list[Document] = [
            {"$set": {"first": {"$max": ["$$NOW", "$next"]}, "asked": "$$NOW"}},
            {"$set": {"next": later}},
        ]
        with translated():
            found = self._targets.find_one_and_update(
                {"_id": target}, stages, upsert=True, return_document=ReturnDocument.AFTER
            )
        return float((found["first"] - found["asked"]).total_seconds()) if found else 0.0

    def _settle(self, done: Sequence[Settlement]) -> list[Exception | None]:
        moment = now()
        updates: list[UpdateOne | UpdateMany] = []
        for each in done:
            mine = {"_id": each.dispatch.key, "holder": each.dispatch.holder}
            updates.append(UpdateOne(mine, progress.settled(each, moment)))
            if each.arrived:
                updates.append(_wake(each.dispatch.target, [each.dispatch.reference]))
        self._all.bulk_write(updates)
        return [None for _ in done]

    def _write(self, updates: Sequence[UpdateOne | UpdateMany]) -> None:
        """Write; a state that another process makes at the same moment is written again."""
        if not updates:
            return
        try:
            self._all.bulk_write(updates, ordered=False)
        except BulkWriteError as error:
            failed = error.details["writeErrors"]
            if any(each["code"] != DUPLICATE for each in failed):
                raise
            self._all.bulk_write([updates[each["index"]] for each in failed], ordered=False)

    def _index(self) -> None:
        if not self._ready:
            self._all.create_indexes(INDEXES)
            self._ready = True


def _ref(row: Row) -> str:
    return f"{row.resource_type}/{row.id}"


def _wanted(target: str | None, states: Sequence[State], references: Sequence[str]) -> Document:
    wanted: Document = {"target": target} if target else {}
    if states:
        wanted["state"] = {"$in": [*states]}
    if references:
        wanted["ref"] = {"$in": [*references]}
    return wanted


def _wake(target: str, references: Sequence[str]) -> UpdateMany:
    waiting = {"target": target, "waits": {"$exists": True, "$in": [*references]}}
    return UpdateMany(waiting, progress.woken(references))
