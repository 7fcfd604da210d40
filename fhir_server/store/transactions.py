"""One MongoDB transaction, run again as long as others were in its way.

https://www.mongodb.com/docs/manual/core/transactions/
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, TypeVar

from pymongo import ReadPreference, WriteConcern
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from fhir_server.errors import Conflict, Unavailable
from fhir_server.injection import point
from fhir_server.store.failures import BUSY, is_transient, is_unknown_commit

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo import MongoClient
    from pymongo.client_session import ClientSession

Result = TypeVar("Result")

JOURNALED = WriteConcern(w="majority", j=True)
PATIENCE_SECONDS = 10.0
LONGEST_PAUSE = 0.1


class Again(Conflict):
    """Raised by the body of a transaction: what it saw is already old, run it again."""

    def __init__(self) -> None:
        super().__init__(BUSY)


def run(
    client: MongoClient[dict[str, Any]],
    body: Callable[[ClientSession], Result],
    patience: float = PATIENCE_SECONDS,
) -> Result:
    """Run ``body`` in a transaction and commit; it may run many times until patience ends.

    A commit that may have happened is asked for PATIENCE_SECONDS, whatever ``patience`` is. What
    ``body`` raises aborts the transaction and comes out, except a write conflict.
    """
    deadline = time.monotonic() + patience
    pause = 0.001
    with client.start_session() as session:
        while True:
            try:
                return _once(session, body)
            except (PyMongoError, Again) as error:
                if not _may_retry(error) or time.monotonic() > deadline:
                    raise
            time.sleep(random.uniform(0, pause))  # noqa: S311
            pause = min(2 * pause, LONGEST_PAUSE)


def _once(session: ClientSession, body: Callable[[ClientSession], Result]) -> Result:
    session.start_transaction(ReadConcern("snapshot"), JOURNALED, ReadPreference.PRIMARY)
    try:
        result = body(session)
    except BaseException:
        session.abort_transaction()
        raise
    point("write-uncommitted")
    _commit(session)
    point("write-committed")
    return result


def _commit(session: ClientSession) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return session.commit_transaction()
        except PyMongoError as error:
            if not is_unknown_commit(error):
                raise
            if time.monotonic() > deadline:
                raise Unavailable(
                    "The database did not confirm the write: it may or may not have happened. "
                    "Read before you send it again."
                ) from error


def _may_retry(error: Exception) -> bool:
    return isinstance(error, Again) or is_transient(error)
