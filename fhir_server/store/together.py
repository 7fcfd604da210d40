"""Writes of different requests that came at the same moment, each with its own fate.

New resources become one unordered insert with one flush of the journal. Updates and deletions
become one transaction, and so do new resources of which somebody is told or that are new together;
if anything gets in its way each request is done again on its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pymongo.errors import BulkWriteError, PyMongoError

from fhir_server.errors import Conflict, FhirError, Unavailable
from fhir_server.injection import point
from fhir_server.store import bulk, single, transactions, versions
from fhir_server.store.changes import Before, Change, attributed, change
from fhir_server.store.coalesce import Coalescer
from fhir_server.store.failures import DRIVER, DUPLICATE, claimed, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from fhir_server.store.ops import Op, Put, Written

    Numbered = tuple[int, Op]

Result = TypeVar("Result")
Document = dict[str, Any]
LARGEST_SHARED = 256 * 1024
BATCH_PATIENCE = 0.05


class Together:
    """Writes single ops, and a few new resources at once, into one database."""

    def __init__(self, database: Database[Document], *, noop: bool) -> None:
        self._database = database
        self._noop = noop
        self._creates: dict[str, Coalescer[Put, Written]] = {}
        self._changes: Coalescer[Op, Written] = Coalescer(self._change)
        self._groups: Coalescer[Sequence[Put], list[Written]] = Coalescer(self._make)

    def create(self, put: Put) -> Written:
        """Insert a resource whose id is new; Conflict if it is not."""
        if len(put.text.raw) > LARGEST_SHARED:
            return _given(self._insert([put]))
        coalescer = self._creates.get(put.resource_type)
        if coalescer is None:
            coalescer = self._creates.setdefault(put.resource_type, Coalescer(self._insert))
        return coalescer.ask(put)

    def make(self, puts: Sequence[Put]) -> list[Written]:
        """Insert resources whose ids are new, all or none, with their rows of the outbox."""
        return self._groups.ask(puts)

    def change(self, op: Op) -> Written:
        """Update or delete a resource."""
        return self._changes.ask(op)

    def _insert(self, puts: Sequence[Put]) -> list[Written | Exception]:
        moment = versions.now()
        changes = [change(put, Before(), moment) for put in puts]
        documents = [each.document for each in changes if each.document]
        outcomes: list[Written | Exception] = [each.written for each in changes]
        try:
            self._database[puts[0].resource_type].insert_many(documents, ordered=False)
            point("write-created")
        except BulkWriteError as error:
            if error.details["writeConcernErrors"]:
                return [translate(error) for _ in puts]
            for failed in error.details["writeErrors"]:
                outcomes[failed["index"]] = _refused(puts[failed["index"]], failed)
        return outcomes

    def _make(self, groups: Sequence[Sequence[Put]]) -> list[list[Written] | Exception]:
        if len(groups) > 1:
            try:
                return self._run(lambda session: self._insert_all(groups, session), BATCH_PATIENCE)
            except (PyMongoError, transactions.Again, bulk.Taken):
                pass  # one of them cannot be: each for itself, below
        return [self._make_one(group) for group in groups]

    def _make_one(self, puts: Sequence[Put]) -> list[Written] | Exception:
        try:
            return self._run(lambda session: self._insert_group(puts, session))
        except FhirError as error:
            return error
        except DRIVER as error:
            return translate(error)

    def _insert_group(self, puts: Sequence[Put], session: ClientSession) -> list[Written]:
        moment = versions.now()
        changes = [change(put, Before(), moment) for put in puts]
        try:
            bulk.write(self._database, changes, session)
        except bulk.Taken as taken:
            number = changes.index(taken.change)
            put = puts[number]
            refusal = _there(put) if taken.key is None else put.refusal(taken.key)
            raise attributed(refusal, number) from taken
        return [each.written for each in changes]

    def _insert_all(
        self, groups: Sequence[Sequence[Put]], session: ClientSession
    ) -> list[list[Written] | Exception]:
        moment = versions.now()
        made = [[change(put, Before(), moment) for put in group] for group in groups]
        bulk.write(self._database, [each for changes in made for each in changes], session)
        return [[each.written for each in changes] for changes in made]

    def _change(self, ops: Sequence[Op]) -> list[Written | Exception]:
        outcomes: dict[int, Written | Exception] = {}
        waiting = list(enumerate(ops))
        while waiting:
            batch, waiting = _distinct(waiting)
            done = self._change_distinct([op for _, op in batch])
            outcomes.update(zip((number for number, _ in batch), done, strict=True))
        return [outcomes[number] for number in range(len(ops))]

    def _change_distinct(self, ops: Sequence[Op]) -> list[Written | Exception]:
        if len(ops) > 1:
            try:
                return self._run(lambda session: self._change_all(ops, session), BATCH_PATIENCE)
            except (PyMongoError, transactions.Again, bulk.Taken):
                pass  # somebody else is changing one of them: each for itself, below
        return [self._change_one(op) for op in ops]

    def _change_one(self, op: Op) -> Written | Exception:
        try:
            return self._run(
                lambda session: single.write(self._database, op, session, noop=self._noop)
            )
        except single.Unchanged as unchanged:
            return unchanged.written
        except FhirError as error:
            return error
        except DRIVER as error:
            return translate(error)

    def _change_all(self, ops: Sequence[Op], session: ClientSession) -> list[Written | Exception]:
        before = bulk.seen(self._database, ops, session)
        moment = versions.now()
        outcomes = [self._tried(op, before.get((op.resource_type, op.id)), moment) for op in ops]
        changes = [each for each in outcomes if isinstance(each, Change)]
        bulk.write(self._database, changes, session, is_seen=True)
        return [each.written if isinstance(each, Change) else each for each in outcomes]

    def _tried(self, op: Op, before: Before | None, moment: datetime) -> Change | FhirError:
        try:
            return change(op, before or Before(), moment, noop=self._noop)
        except FhirError as error:
            return error

    def _run(
        self,
        body: Callable[[ClientSession], Result],
        patience: float = transactions.PATIENCE_SECONDS,
    ) -> Result:
        return transactions.run(self._database.client, body, patience)


def _given(outcomes: Sequence[Written | Exception]) -> Written:
    (outcome,) = outcomes
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _refused(put: Put, failed: Mapping[str, Any]) -> FhirError:
    if (key := claimed(failed)) is not None:
        return put.refusal(key)
    if failed["code"] == DUPLICATE:
        return _there(put)
    return Unavailable(f"The database refused {put.resource_type}/{put.id} ({failed['code']}).")


def _there(put: Put) -> Conflict:
    return Conflict(f"{put.resource_type}/{put.id} exists already.")


def _distinct(numbered: Sequence[Numbered]) -> tuple[list[Numbered], list[Numbered]]:
    """Take the first op on each resource; the others come later."""
    firsts: dict[tuple[str, str], Numbered] = {}
    later: list[Numbered] = []
    for number, op in numbered:
        key = (op.resource_type, op.id)
        if firsts.setdefault(key, (number, op))[0] != number:
            later.append((number, op))
    return list(firsts.values()), later
