"""Writing: all ops or none, every old version kept.

Three roads, the shortest that fits:

* a new resource with an id of the server's: one insert (1 round trip), shared with others; if
  somebody is told of it, or a few are new together, one transaction, shared too (3 round trips);
* one update or deletion: ``single`` (3 round trips), or with others one ``bulk``;
* everything else: ``bulk``, with conditions inside the same transaction. Each condition costs its
  plans, all guards together one.

https://hl7.org/fhir/R4/http.html#versioning
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from fhir_server.errors import BadRequest, Conflict, FhirError
from fhir_server.injection import point
from fhir_server.store import bulk, single, transactions, versions
from fhir_server.store.changes import Before, attributed, change, is_new, repeated
from fhir_server.store.ops import Put, Written
from fhir_server.store.together import Together
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from fhir_server.store.changes import Change
    from fhir_server.store.conditions import Judge
    from fhir_server.store.layout import Layout
    from fhir_server.store.ops import Condition, Op

Result = TypeVar("Result")

FEW = 8
"""As many new resources of one request are written together with those of others."""


class Writer:
    """Writes into one database; ``noop``: an update that changes nothing makes a version."""

    def __init__(
        self, database: Database[dict[str, Any]], layout: Layout, judge: Judge, *, noop: bool
    ) -> None:
        self._database = database
        self._layout = layout
        self._judge = judge
        self._noop = noop
        self._together = Together(database, noop=noop)

    def transact(self, ops: Sequence[Op], conditions: Sequence[Condition]) -> list[Written]:
        """Apply all ops or none; the error of one op has its place as ``error.op``."""
        if not ops and not conditions:
            return []
        self._layout.prepare({op.resource_type for op in ops})
        if any(isinstance(op, Put) and op.notices for op in ops):
            self._layout.prepare_outbox()
        if len(ops) == 1 and not conditions:
            return [self._one(ops[0])]
        twice = repeated(ops)
        if twice is not None:
            op = ops[twice]
            raise attributed(BadRequest(f"{op.resource_type}/{op.id} is written twice."), twice)
        if not conditions and (made := _few_new(ops)):
            return self._together.make(made)
        if conditions:
            self._layout.prepare_own()
        return self._run(lambda session: self._all(ops, conditions, session))

    def _one(self, op: Op) -> Written:
        if isinstance(op, Put) and is_new(op):
            return self._together.make([op])[0] if op.notices else self._together.create(op)
        if single.fits(op):
            return self._together.change(op)
        return self._run(lambda session: self._all([op], (), session))[0]

    def _run(self, body: Callable[[ClientSession], Result]) -> Result:
        return aside(lambda: transactions.run(self._database.client, body))

    def _all(
        self, ops: Sequence[Op], conditions: Sequence[Condition], session: ClientSession
    ) -> list[Written]:
        changes = decided(ops, bulk.look_up(self._database, ops), noop=self._noop)
        self._judge.touch(conditions, session)
        point("write-guarded")
        self._judge.decide(conditions, "before", session)
        try:
            bulk.write(self._database, changes, session)
        except bulk.Taken as taken:
            number = changes.index(taken.change)
            op = ops[number]
            if taken.key is not None and isinstance(op, Put):
                raise attributed(op.refusal(taken.key), number) from taken
            if not is_new(ops[number]):
                raise transactions.Again from taken
            raise attributed(_taken(ops[number]), number) from taken
        self._judge.decide(conditions, "after", session)
        return [change.written for change in changes]


def _few_new(ops: Sequence[Op]) -> list[Put]:
    """Give the ops if they are a few new resources that others' may be written with, or none."""
    puts = [op for op in ops[: FEW + 1] if isinstance(op, Put) and is_new(op)]
    return puts if len(puts) == len(ops) else []


def decided(ops: Sequence[Op], before: Mapping[bulk.Key, Before], *, noop: bool) -> list[Change]:
    """Decide every op at one moment; the first that may not be raises, with its place."""
    moment = versions.now()
    changes = []
    for number, op in enumerate(ops):
        found = before.get((op.resource_type, op.id), Before())
        try:
            changes.append(change(op, found, moment, noop=noop))
        except FhirError as error:
            raise attributed(error, number) from None
    return changes


def _taken(op: Op) -> Conflict:
    return Conflict(f"{op.resource_type}/{op.id} exists already.")
