"""Where each Subscription stands: what was delivered, what is due, the numbers of its events.

Rows of the outbox become events in the order of their numbers. What a notification tells is noted
(``open``) before it is sent, so whoever goes on after a crash sends the same events under the same
numbers. A worker holds a Subscription for some seconds; nobody else sends for it meanwhile.

    _subscriptions         {_id: id of the Subscription, state, mark, n: last row of the outbox that
                            was looked at, events: how many, open: events that are being sent,
                            failures, due, holder, rung, why}
    _subscriptions.events  {_id: {s: Subscription, e: number}, n, type, id, v, t}
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from pymongo import ASCENDING, ReplaceOne, ReturnDocument
from pymongo.errors import DuplicateKeyError

from fhir_server.store.failures import translated
from fhir_server.store.versions import now

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from pymongo.database import Database

    from fhir_server.store.outbox import Row

Document = dict[str, Any]
State = Literal["requested", "active", "ended"]

SUBSCRIPTIONS, EVENTS = "_subscriptions", "_subscriptions.events"
LIVE = ("requested", "active")


@dataclass(frozen=True, slots=True)
class Numbered:
    """One event of a Subscription: its number, and the version that it is about."""

    number: int
    n: int
    resource_type: str
    id: str
    version: int
    moment: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one Subscription stands, in the hands of a worker."""

    id: str
    state: State
    mark: str
    n: int
    events: int
    open: tuple[Numbered, ...]
    failures: int
    holder: str


class Subscriptions:
    """The standings of one database."""

    def __init__(self, database: Database[Document]) -> None:
        self._resources = database["Subscription"]
        self._standings = database[SUBSCRIPTIONS]
        self._events = database[EVENTS]
        self._ready = False

    def live(self) -> frozenset[tuple[str, int]]:
        """Give id and version of every Subscription that is requested or active."""
        with translated():
            rows = self._resources.find({"ix.status": {"$in": list(LIVE)}}, {"v": 1})
            return frozenset((row["_id"], row["v"]) for row in rows)

    def marks(self) -> dict[str, str]:
        """Give the mark of each Subscription whose standing has not ended."""
        with translated():
            rows = self._standings.find({"state": {"$ne": "ended"}}, {"mark": 1})
            return {row["_id"]: row["mark"] for row in rows}

    def begin(self, subscription: str, mark: str, wait: float) -> None:
        """Let a Subscription be activated after some seconds; what it has had counts on."""
        fresh = {"n": 0, "events": 0, "open": []}
        new = {
            "state": "requested",
            "mark": mark,
            "failures": 0,
            "why": "",
            "due": now() + timedelta(seconds=wait),
            "rung": False,
            "holder": None,
        }
        with translated():
            self._index()
            try:
                self._standings.update_one(
                    {"_id": subscription}, {"$set": new, "$setOnInsert": fresh}, upsert=True
                )
            except DuplicateKeyError:
                return  # another worker was first

    def end(self, subscription: str, why: str = "") -> None:
        """Notify no more; what it has had is kept, and counts on if it begins again."""
        new = {"state": "ended", "why": why, "due": None, "holder": None}
        with translated():
            self._standings.update_one({"_id": subscription}, {"$set": new})

    def ring(self, subscriptions: Iterable[str]) -> None:
        """Say that something has happened; who waits after a failure goes on waiting."""
        some = {"_id": {"$in": list(subscriptions)}, "state": "active"}
        idle = some | {"holder": None, "failures": 0}
        with translated():
            self._standings.update_many(some, {"$set": {"rung": True}})
            self._standings.update_many(idle, {"$set": {"due": now()}})

    def claim(self, seconds: float) -> Standing | None:
        """Take the Subscription that has been due the longest, or give None."""
        moment = now()
        taken = {
            "due": moment + timedelta(seconds=seconds),
            "holder": str(uuid.uuid4()),
            "rung": False,
        }
        with translated():
            found = self._standings.find_one_and_update(
                {"state": {"$ne": "ended"}, "due": {"$lte": moment}},
                {"$set": taken},
                sort=[("due", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        return _standing(found) if found else None

    def hold(self, standing: Standing, seconds: float) -> bool:
        """Go on holding it for some seconds; False if another worker has it."""
        return self._change(standing, {"due": now() + timedelta(seconds=seconds)}) is not None

    def activate(self, standing: Standing) -> Standing | None:
        """Note that the endpoint has taken the handshake; None if it was lost."""
        return self._change(standing, {"state": "active", "failures": 0, "why": ""})

    def take(self, standing: Standing, n: int, rows: Sequence[Row]) -> Standing | None:
        """Give numbers to events that are to be sent; None if it was lost.

        ``n`` is the last row of the outbox that was looked at.
        """
        first = standing.events + 1
        opened = [
            {
                "e": number,
                "n": r.n,
                "type": r.resource_type,
                "id": r.id,
                "v": r.version,
                "t": r.moment,
            }
            for number, r in enumerate(rows, first)
        ]
        new = {"n": n, "open": opened, "events": standing.events + len(opened)}
        return self._change(standing, new)

    def note(self, standing: Standing) -> None:
        """Keep the events that are being sent, so that they can be asked for later."""
        changes = [
            ReplaceOne(
                {"_id": {"s": standing.id, "e": each.number}},
                {
                    "n": each.n,
                    "type": each.resource_type,
                    "id": each.id,
                    "v": each.version,
                    "t": each.moment,
                },
                upsert=True,
            )
            for each in standing.open
        ]
        if changes:
            with translated():
                self._events.bulk_write(changes)

    def sent(self, standing: Standing) -> Standing | None:
        """Note that the endpoint has the events that were open; None if it was lost."""
        return self._change(standing, {"open": [], "failures": 0, "why": ""})

    def failed(self, standing: Standing, why: str, pause: float) -> None:
        """Let it be tried again after some seconds."""
        new = {
            "failures": standing.failures + 1,
            "why": why,
            "due": now() + timedelta(seconds=pause),
            "holder": None,
        }
        self._change(standing, new)

    def release(self, standing: Standing, pause: float | None) -> None:
        """Give it back, to be looked at after some seconds or, None, when something happens."""
        moment = now()
        later = None if pause is None else moment + timedelta(seconds=pause)
        due = {"$cond": ["$rung", moment, later]}
        with translated():
            self._standings.update_one(
                {"_id": standing.id, "holder": standing.holder},
                [{"$set": {"due": due, "holder": None}}],
            )

    def find(self, subscription: str) -> Standing | None:
        """Give where a Subscription stands, or None if it was never begun."""
        with translated():
            found = self._standings.find_one({"_id": subscription})
        return _standing(found) if found else None

    def events(self, subscription: str, first: int, last: int, limit: int) -> list[Numbered]:
        """Give events by their numbers, as far as they are kept."""
        bounds = {"$gte": {"s": subscription, "e": first}, "$lte": {"s": subscription, "e": last}}
        with translated():
            rows = self._events.find({"_id": bounds}).sort("_id", ASCENDING).limit(limit)
            return [_numbered(row | {"e": row["_id"]["e"]}, row["id"]) for row in rows]

    def sweep(self, days: int) -> int:
        """Remove the events older than this; give how many."""
        with translated():
            self._index()
            old = {"t": {"$lt": now() - timedelta(days=days)}}
            return self._events.delete_many(old).deleted_count

    def _change(self, standing: Standing, new: Document) -> Standing | None:
        mine = {"_id": standing.id, "holder": standing.holder}
        with translated():
            found = self._standings.find_one_and_update(
                mine, {"$set": new}, return_document=ReturnDocument.AFTER
            )
        return _standing(found | {"holder": standing.holder}) if found else None

    def _index(self) -> None:
        if not self._ready:
            self._standings.create_index([("due", ASCENDING)])
            self._events.create_index([("t", ASCENDING)])
            self._ready = True


def _standing(found: Document) -> Standing:
    return Standing(
        found["_id"],
        found["state"],
        found["mark"],
        found["n"],
        found["events"],
        tuple(_numbered(each, each["id"]) for each in found["open"]),
        found["failures"],
        found["holder"] or "",
    )


def _numbered(found: Document, resource_id: str) -> Numbered:
    return Numbered(found["e"], found["n"], found["type"], resource_id, found["v"], found["t"])
