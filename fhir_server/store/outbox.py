"""What others are to be told of: one row for each version and each who is told.

Rows are written in the transaction of the resource, so no write is ever without them. A row gets
its number ``n`` after the commit: numbers have no gap and only grow, so who reads on from a number
misses nothing that was committed late and sees nothing twice.

    _outbox        {_id, target, audience, type, id, v, t, method, n: number or, at first, 0}
                   and ``x`` where the resource was expunged: the row is kept for its number
    _outbox.state  {_id: "numbers", last, plan: {mark, ids}}
                   {_id: "swept <target> <audience>", n: number of the last row that was removed}

Numbering must survive a process that dies in it, and two that do it at once. So it is a plan first:
the rows of the next numbers, stored where only one process can store it, and only after ``last`` as
it was before the rows were looked for. Whoever finds a plan carries it out: the same rows get the
same numbers however often that is done, and nobody waits for the process that made it.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from fhir_server.injection import point
from fhir_server.store.failures import translated
from fhir_server.store.ops import Notice
from fhir_server.store.versions import now

if TYPE_CHECKING:
    from datetime import datetime

    from pymongo.database import Database

    from fhir_server.store.ops import Method

Document = dict[str, Any]
Notices = Callable[[Document], tuple[Notice, ...]]
Provider = Callable[[Document], Iterable[Notice]]
"""Says who is told of a resource as it is written; asked for every write, so it must be quick."""

OUTBOX, STATE = "_outbox", "_outbox.state"
INDEXES = [
    IndexModel([("t", ASCENDING), ("v", ASCENDING)], partialFilterExpression={"n": 0}),
    IndexModel([("target", ASCENDING), ("audience", ASCENDING), ("n", ASCENDING)]),
    IndexModel([("target", ASCENDING), ("n", ASCENDING)]),
]
CHUNK = 1000
ONE: Document = {"_id": "numbers"}


def nobody(document: Document) -> tuple[Notice, ...]:  # noqa: ARG001
    """Tell nobody."""
    return ()


def gathered(providers: Iterable[Provider | None]) -> Notices:
    """Ask all providers; None is one that has nobody to tell."""
    asked = tuple(each for each in providers if each is not None)
    if not asked:
        return nobody

    def told(document: Document) -> tuple[Notice, ...]:
        found: tuple[Notice, ...] = ()
        for each in asked:
            found += tuple(each(document))
        return found

    return told


@dataclass(frozen=True, slots=True)
class Row:
    """One version of a resource that one target, and there one audience, is to be told of."""

    n: int
    target: str
    audience: str
    resource_type: str
    id: str
    version: int
    moment: datetime
    method: Method
    expunged: bool = False


class Outbox:
    """The outbox of one database."""

    def __init__(self, database: Database[Document]) -> None:
        sure = ReadConcern("majority")
        self._rows = database[OUTBOX].with_options(read_concern=sure)
        self._state = database[STATE].with_options(read_concern=sure)

    def number(self, limit: int = CHUNK) -> int:
        """Give numbers to committed rows that have none, at most ``limit``; say how many.

        Costs two queries when there is nothing to do. 0 does not mean that all are numbered:
        another process may be at it, and goes on.
        """
        with translated():
            state = self._state.find_one(ONE) or self._begun()
            if state["plan"]:
                self._carry_out(state)
                return len(state["plan"]["ids"])
            found = self._rows.find({"n": 0}, {"_id": 1}).sort([("t", 1), ("v", 1)]).limit(limit)
            ids = [row["_id"] for row in found]
            return self._planned(state, ids) if ids else 0

    def after(
        self, target: str, audience: str | None = None, n: int = 0, limit: int = CHUNK
    ) -> list[Row]:
        """Give the next rows of a target after a number; ``audience`` None is all of them.

        Call ``number`` first, or nothing new has a number yet.
        """
        wanted: Document = {"target": target}
        if audience is not None:
            wanted["audience"] = audience
        last = self.last()
        if last <= n:
            return []
        with translated():
            rows = self._rows.find(wanted | {"n": {"$gt": n, "$lte": last}}).sort("n", 1)
            return [_row(each) for each in rows.limit(limit)]

    def last(self) -> int:
        """Give the highest number that all rows up to it have; 0 before the first."""
        with translated():
            state = self._state.find_one(ONE, {"last": 1})
        return int(state["last"]) if state else 0

    def swept(self, target: str, audience: str = "") -> int:
        """Give the number up to which rows of a target and audience were removed for their age.

        Who reads on from a lower number may have missed something. 0 if none were removed.
        """
        with translated():
            state = self._state.find_one({"_id": _swept(target, audience)}, {"n": 1})
        return int(state["n"]) if state else 0

    def sweep(self, target: str, days: int) -> int:
        """Remove numbered rows of a target older than this, some at a time; give how many."""
        before = ObjectId.from_datetime(now() - timedelta(days=days))
        old = {"_id": {"$lt": before}, "target": target, "n": {"$gt": 0}}
        with translated():
            found = list(self._rows.find(old, {"n": 1, "audience": 1}).sort("n", 1).limit(CHUNK))
            highest = {row["audience"]: row["n"] for row in found}
            for audience, n in highest.items():
                key = {"_id": _swept(target, audience)}
                self._state.update_one(key, {"$max": {"n": n}}, upsert=True)
            removed = self._rows.delete_many({"_id": {"$in": [row["_id"] for row in found]}})
        return removed.deleted_count

    def _begun(self) -> Document:
        fresh = {"last": 0, "plan": None}
        with contextlib.suppress(DuplicateKeyError):  # another process was first: its state is it
            self._state.update_one(ONE, {"$setOnInsert": fresh}, upsert=True)
        return self._state.find_one(ONE) or fresh

    def _planned(self, state: Document, ids: list[ObjectId]) -> int:
        """Plan the numbers after its last and give them; 0 if another process was first."""
        last = state["last"]
        plan = {"mark": str(uuid.uuid4()), "ids": ids}
        unmoved = ONE | {"last": last, "plan": None}
        if not self._state.update_one(unmoved, {"$set": {"plan": plan}}).matched_count:
            return 0
        point("numbers-planned")
        self._carry_out({"last": last, "plan": plan})
        return len(ids)

    def _carry_out(self, state: Document) -> None:
        last, plan = state["last"], state["plan"]
        given = [
            UpdateOne({"_id": row, "n": 0}, {"$set": {"n": last + place}})
            for place, row in enumerate(plan["ids"], start=1)
        ]
        self._rows.bulk_write(given)
        point("numbers-given")
        mine = ONE | {"plan.mark": plan["mark"]}
        done = {"last": last + len(given), "plan": None}
        self._state.update_one(mine, {"$set": done})


def _swept(target: str, audience: str) -> str:
    return f"swept {target} {audience}"


def _row(found: Document) -> Row:
    return Row(
        found["n"],
        found["target"],
        found["audience"],
        found["type"],
        found["id"],
        found["v"],
        found["t"],
        found["method"],
        found.get("x", False),
    )
