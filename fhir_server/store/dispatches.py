"""How far each resource is at each target; what a worker takes to send, and what became of it.

    _dispatches          {_id: "target/Type/id", target, type, id, ref, state, seen, sent, …}
    _dispatches.targets  {_id: target, cursor, next, closed, shut, level, why, remedy, beats}

A worker claims deliveries and settles each; ``holders`` says what becomes of them when it dies.
``progress`` says how a state moves. No time that is read here is trusted further than a clock that
was set back may be: what was written in the future is due at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument, UpdateMany, UpdateOne

from fhir_server.store import progress
from fhir_server.store.coalesce import Coalescer
from fhir_server.store.failures import translated
from fhir_server.store.holders import Holders
from fhir_server.store.intake import Intake, told, write
from fhir_server.store.outbox import OUTBOX, Row
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
SKEW = timedelta(seconds=60)
"""How far the clocks of two machines may be apart; what is further ahead, a clock was set back."""
FAR_SECONDS = 360
"""Pauses up to this are not worth looking at after a clock was set back."""
FAR_BLOCKS = 20
"""Blocks of requests that may be reserved ahead, in all workers together."""


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
        self._intake = Intake(self._all, self._targets, database[OUTBOX])
        self.holders = Holders(self._all, self._targets)
        self._ready = False
        self._settling: Coalescer[Sequence[Settlement], None] = Coalescer(self._settle)

    def cursor(self, target: str) -> int:
        """Give the number of the last row of the outbox that was taken in."""
        with translated():
            found = self._targets.find_one({"_id": target}, {"cursor": 1})
        return int(found.get("cursor", 0)) if found else 0

    def take_in(self, target: str, rows: Sequence[Row]) -> None:
        """Take rows of the outbox in, and move the cursor; to do it twice changes nothing."""
        with translated():
            self._index()
            self._intake.take_in(target, rows)

    def enqueue(self, target: str, versions: Iterable[tuple[str, str, int, datetime]]) -> None:
        """Deliver resources that no row of the outbox tells of: type, id, version, moment."""
        moment = now()
        rows = [Row(0, target, "", kind, name, v, t, "PUT") for kind, name, v, t in versions]
        with translated():
            self._index()
            write(self._all, [told(target, row, moment) for row in rows])

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
            write(self._all, updates)

    def mark(self, target: str, reference: str, name: str, value: str) -> None:
        """Note with a delivery what has to be known of a request even if nobody hears of it."""
        pushed = {"marks": {"$each": [[name, value]], "$slice": -progress.KEPT}}
        with translated():
            self._all.update_one({"_id": key(target, reference)}, {"$push": pushed})

    def due(self, target: str, limit: int) -> list[str]:
        """Give the keys of the deliveries that have been due the longest, in order."""
        with translated():
            found = self._all.find({"target": target, "due": {"$lte": now()}}, {"_id": 1})
            return [each["_id"] for each in found.sort("due", 1).limit(limit)]

    def claim(self, target: str, keys: Sequence[str], holder: str) -> list[Dispatch]:
        """Take those of these deliveries that are still due, in order.

        ``holder`` is a name for this claim alone, begun with that of the engine (``holders``).
        """
        taken = {"_id": {"$in": [*keys]}, "target": target, "due": {"$lte": now()}}
        with translated():
            self._all.update_many(taken, [progress.claimed(holder)])
            mine = self._all.find({"_id": {"$in": [*keys]}, "holder": holder}).sort("since", 1)
            return [dispatch(each) for each in mine]

    def release(self, claimed: Sequence[Dispatch]) -> None:
        """Give back what was claimed and not begun."""
        moment = now()
        updates = [
            UpdateOne(
                {"_id": each.key, "holder": each.holder},
                progress.released(moment, unknown=each.unknown),
            )
            for each in claimed
        ]
        with translated():
            write(self._all, updates)

    def straighten(self, target: str) -> int:
        """Let what is due in hours only because the clock was set back be due now; say how many.

        It was changed at a moment that has not come yet. A long pause is none of that.
        """
        moment = now()
        late = {"$gt": moment + timedelta(seconds=FAR_SECONDS), "$lt": progress.HELD}
        wanted = {"target": target, "due": late, "changed": {"$gt": moment + SKEW}}
        with translated():
            return self._all.update_many(wanted, {"$set": {"due": moment}}).modified_count

    def settle(self, done: Sequence[Settlement]) -> None:
        """Write what became of attempts, but for those whose claim was lost meanwhile."""
        if done:
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
            write(self._all, [_wake(target, references)])

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
            _left(closed, found.get("shut")) if closed else 0.0,
            found.get("level", 0),
            found.get("why", ""),
            found.get("remedy", ""),
        )

    def close(self, target: str, seconds: float, level: int, why: str, remedy: str = "") -> None:
        """Leave a target alone for some seconds."""
        moment = now()
        new = {"closed": moment + timedelta(seconds=seconds), "shut": moment, "level": level}
        with translated():
            said = {"$set": new | {"why": why, "remedy": remedy}}
            self._targets.update_one({"_id": target}, said, upsert=True)

    def open(self, target: str) -> None:
        """Speak to a target again."""
        gone = {"closed": "", "shut": "", "level": "", "why": "", "remedy": ""}
        with translated():
            self._targets.update_one({"_id": target}, {"$unset": gone})

    def reserve(self, target: str, number: int, rate: float) -> float:
        """Take the next places of ``rate`` requests a second; give the seconds until the first.

        The database's clock counts, so workers on different machines keep the rate together; when
        it was set back, places begin anew.
        """
        span = round(1000 * number / rate)
        far = max(FAR_BLOCKS * span, int(SKEW.total_seconds()) * 1000)
        is_far = {"$gt": ["$next", _after("$$NOW", far)]}
        first = {"$cond": [is_far, "$$NOW", {"$max": ["$$NOW", "$next"]}]}
        stages: list[Document] = [
            {"$set": {"first": first, "asked": "$$NOW"}},
            {"$set": {"next": _after("$first", span)}},
        ]
        with translated():
            found = self._targets.find_one_and_update(
                {"_id": target}, stages, upsert=True, return_document=ReturnDocument.AFTER
            )
        return float((found["first"] - found["asked"]).total_seconds()) if found else 0.0

    def _settle(self, batches: Sequence[Sequence[Settlement]]) -> list[Exception | None]:
        moment = now()
        updates: list[UpdateOne | UpdateMany] = []
        arrived: dict[str, list[str]] = {}
        for each in (done for batch in batches for done in batch):
            mine = {"_id": each.dispatch.key, "holder": each.dispatch.holder}
            updates.append(UpdateOne(mine, progress.settled(each, moment)))
            if each.arrived:
                arrived.setdefault(each.dispatch.target, []).append(each.dispatch.reference)
        updates += [_wake(target, references) for target, references in arrived.items()]
        self._all.bulk_write(updates)
        return [None for _ in batches]

    def _index(self) -> None:
        if not self._ready:
            self._all.create_indexes(INDEXES)
            self._ready = True


def _wanted(target: str | None, states: Sequence[State], references: Sequence[str]) -> Document:
    wanted: Document = {"target": target} if target else {}
    if states:
        wanted["state"] = {"$in": [*states]}
    if references:
        wanted["ref"] = {"$in": [*references]}
    return wanted


def _after(moment: str, milliseconds: int) -> Document:
    return {"$dateAdd": {"startDate": moment, "unit": "millisecond", "amount": milliseconds}}


def _left(closed: datetime, shut: datetime | None) -> float:
    """Give the seconds that a pause still lasts; none if it was begun in the future."""
    moment = now()
    if shut is not None and shut > moment + SKEW:
        return 0.0
    return max(0.0, (closed - moment).total_seconds())


def _wake(target: str, references: Sequence[str]) -> UpdateMany:
    waiting = {"target": target, "waits": {"$exists": True, "$in": [*references]}}
    return UpdateMany(waiting, progress.woken(references, now()))
