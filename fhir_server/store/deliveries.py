"""What other systems sent us and nobody has worked off yet; safe as soon as it is answered.

A delivery is kept under the hash of what it says, so the same one sent again while it waits is one.
A worker claims it for some seconds; if the worker dies the claim runs out and the next one begins
anew, so working one off must do no harm when it is done twice. Where the order counts, workers take
turns: one at a time works off, until it has nothing to do or dies.

    _deliveries  {_id, source, state, body, received, due, attempts, holder, why}
                 {_id: "turn", holder, due}
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from bson.binary import Binary
from pymongo import ASCENDING, ReturnDocument, WriteConcern
from pymongo.errors import DuplicateKeyError

from fhir_server.store.failures import translated
from fhir_server.store.versions import now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pymongo.database import Database

Document = dict[str, Any]
State = Literal["waiting", "failed"]

DELIVERIES = "_deliveries"
TURN = "turn"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery in a worker's hands; ``attempts`` counts this one too."""

    id: str
    source: str
    body: bytes
    received: datetime
    attempts: int
    holder: str


class Deliveries:
    """The deliveries of one database."""

    def __init__(self, database: Database[Document]) -> None:
        self._deliveries = database[DELIVERIES]
        self._turns = self._deliveries.with_options(write_concern=WriteConcern(w=1))
        self._me = str(uuid.uuid4())
        self._ready = False

    def keep(self, source: str, body: bytes, wait: float = 0.0) -> None:
        """Keep a delivery, not to be worked off before ``wait`` seconds are over."""
        moment = now()
        document = {
            "_id": hashlib.sha256(source.encode() + b"\n" + body).hexdigest(),
            "source": source,
            "state": "waiting",
            "body": Binary(body),
            "received": moment,
            "due": moment + timedelta(seconds=wait),
            "attempts": 0,
        }
        with translated():
            self._index()
            try:
                self._deliveries.insert_one(document)
            except DuplicateKeyError:
                return

    def claim(self, sources: Sequence[str], seconds: float) -> Delivery | None:
        """Take the delivery that has been due the longest, or give None."""
        moment = now()
        taken = {"due": moment + timedelta(seconds=seconds), "holder": str(uuid.uuid4())}
        with translated():
            found = self._deliveries.find_one_and_update(
                _due(sources, moment),
                {"$set": taken, "$inc": {"attempts": 1}},
                sort=[("due", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        return _delivery(found) if found else None

    def any_due(self, sources: Sequence[str]) -> bool:
        """Tell whether anything waits that may be claimed."""
        with translated():
            return self._deliveries.find_one(_due(sources, now()), {"_id": 1}) is not None

    def take_turn(self, seconds: float) -> bool:
        """Let no other process have its turn for some seconds; False if another has it."""
        free = {"_id": TURN, "$or": [{"holder": self._me}, {"due": {"$lte": now()}}]}
        mine = {"holder": self._me, "due": now() + timedelta(seconds=seconds)}
        with translated():
            try:
                self._turns.update_one(free, {"$set": mine}, upsert=True)
            except DuplicateKeyError:
                return False
        return True

    def end_turn(self) -> None:
        """Let others have their turn."""
        with translated():
            self._turns.delete_one({"_id": TURN, "holder": self._me})

    def claim_some(self, sources: Sequence[str], seconds: float, most: int) -> list[Delivery]:
        """Take those that have been due the longest, at most so many, in that order."""
        moment, holder = now(), str(uuid.uuid4())
        due = _due(sources, moment)
        taken = {"due": moment + timedelta(seconds=seconds), "holder": holder}
        with translated():
            found = self._deliveries.find(due, {"_id": 1}).sort("due", ASCENDING).limit(most)
            ids = [each["_id"] for each in found]
            if not ids:
                return []
            these = {"_id": {"$in": ids}}
            self._deliveries.update_many(due | these, {"$set": taken, "$inc": {"attempts": 1}})
            mine = {e["_id"]: e for e in self._deliveries.find(these | {"holder": holder})}
        return [_delivery(mine[each]) for each in ids if each in mine]

    def hold_all(self, deliveries: Sequence[Delivery], seconds: float) -> None:
        """Go on holding deliveries that were claimed together."""
        self._change_all(deliveries, {"$set": {"due": now() + timedelta(seconds=seconds)}})

    def put_back(self, deliveries: Sequence[Delivery], seconds: float) -> None:
        """Give deliveries back that were not tried, not to be claimed before some seconds."""
        due = now() + timedelta(seconds=seconds)
        self._change_all(deliveries, {"$set": {"due": due}, "$inc": {"attempts": -1}})

    def hold(self, delivery: Delivery, seconds: float) -> bool:
        """Go on holding a delivery, or try it again after some seconds; False if it was lost."""
        return self._change(delivery, {"due": now() + timedelta(seconds=seconds)})

    def fail(self, delivery: Delivery, why: Sequence[str]) -> None:
        """Lay a delivery aside for a person to look at, with what is wrong."""
        self._change(delivery, {"state": "failed", "why": list(why)})

    def done(self, *deliveries: Delivery) -> None:
        """Forget deliveries that were worked off; all of them were claimed together."""
        with translated():
            if deliveries:
                self._deliveries.delete_many(_claimed(deliveries))

    def retry(self, source: str) -> int:
        """Let what was laid aside be worked off again; give how many there are."""
        anew = {"state": "waiting", "due": now(), "attempts": 0}
        with translated():
            wanted = {"source": source, "state": "failed"}
            return self._deliveries.update_many(wanted, {"$set": anew}).modified_count

    def count(self, source: str, state: State) -> int:
        """Count the deliveries of a source in a state."""
        with translated():
            return self._deliveries.count_documents({"source": source, "state": state})

    def failures(self, source: str) -> list[tuple[str, datetime, list[str]]]:
        """Give id, time of arrival and what was wrong of each that was laid aside."""
        wanted = {"source": source, "state": "failed"}
        with translated():
            found = self._deliveries.find(wanted, {"received": 1, "why": 1}).sort("received", 1)
            return [(each["_id"], each["received"], each["why"]) for each in found]

    def _change(self, delivery: Delivery, new: Document) -> bool:
        mine = {"_id": delivery.id, "holder": delivery.holder, "state": "waiting"}
        with translated():
            return bool(self._deliveries.update_one(mine, {"$set": new}).matched_count)

    def _change_all(self, deliveries: Sequence[Delivery], change: Document) -> None:
        with translated():
            if deliveries:
                mine = {**_claimed(deliveries), "state": "waiting"}
                self._deliveries.update_many(mine, change)

    def _index(self) -> None:
        if not self._ready:
            self._deliveries.create_index([("state", 1), ("source", 1), ("due", 1)])
            self._ready = True


def _due(sources: Sequence[str], moment: datetime) -> Document:
    return {"state": "waiting", "source": {"$in": list(sources)}, "due": {"$lte": moment}}


def _claimed(deliveries: Sequence[Delivery]) -> Document:
    return {"_id": {"$in": [each.id for each in deliveries]}, "holder": deliveries[0].holder}


def _delivery(found: Document) -> Delivery:
    return Delivery(
        found["_id"],
        found["source"],
        bytes(found["body"]),
        found["received"],
        found["attempts"],
        found["holder"],
    )
