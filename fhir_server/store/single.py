"""One update or one deletion: three round trips, the old version moves to the history.

The current version is replaced first, which answers with the old one; then that one is written
to the history; then both are committed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from fhir_server.injection import point
from fhir_server.store import failures, versions
from fhir_server.store.bulk import newest_past, revive
from fhir_server.store.changes import Before, change
from fhir_server.store.ops import Delete, Put
from fhir_server.store.outbox import OUTBOX
from fhir_server.store.transactions import Again

if TYPE_CHECKING:
    from datetime import datetime

    from pymongo.client_session import ClientSession
    from pymongo.collection import Collection
    from pymongo.database import Database

    from fhir_server.store.ops import Op, Written

Document = dict[str, Any]


class Unchanged(Exception):
    """The update changes nothing: the transaction ends as if it had never begun."""

    def __init__(self, written: Written) -> None:
        super().__init__()
        self.written = written


def fits(op: Op) -> bool:
    """Tell whether this road can take the op: any but a create that must not find anything."""
    return isinstance(op, Delete) or op.existing is not False


def write(database: Database[Document], op: Op, session: ClientSession, *, noop: bool) -> Written:
    """Update or delete one resource inside a transaction.

    To bring a deleted resource back costs two round trips more. Without ``noop``, raises Unchanged
    if the update says what is there already.
    """
    current = database[op.resource_type]
    moment = versions.now()
    old = _swap(current, op, moment, session)
    before = Before(old) if old else _missed(database, op, session)
    done = change(op, before, moment, noop=noop)
    if old and done.kind == "nothing":
        raise Unchanged(done.written)
    point("write-current")
    past = database[versions.past_name(op.resource_type)]
    if done.past:
        past.insert_many(done.past, session=session)
    if done.revives and done.document:
        current.replace_one({"_id": op.id}, done.document, session=session)
        revive(past, done, session)
    point("write-past")
    if done.rows:
        database[OUTBOX].insert_many(done.rows, session=session)
    return done.written


def _swap(
    current: Collection[Document], op: Op, moment: datetime, session: ClientSession
) -> Document | None:
    wanted: Document = {"_id": op.id}
    if op.if_match is not None:
        wanted["v"] = op.if_match
    if isinstance(op, Delete):
        return current.find_one_and_delete(wanted, projection=versions.SERVED, session=session)
    try:
        return current.find_one_and_update(
            wanted,
            versions.update(op, moment),
            projection=versions.SERVED,
            upsert=op.existing is None and op.if_match is None,
            return_document=ReturnDocument.BEFORE,
            session=session,
        )
    except DuplicateKeyError as error:
        key = failures.claimed(error.details)
        if key is not None and isinstance(op, Put):
            raise op.refusal(key) from error
        raise Again from error


def _missed(database: Database[Document], op: Op, session: ClientSession) -> Before:
    if op.if_match is not None:
        present = database[op.resource_type].find_one({"_id": op.id}, {"v": 1}, session=session)
        return Before(present)
    return Before(past=newest_past(database, op.resource_type, op.id, session))
