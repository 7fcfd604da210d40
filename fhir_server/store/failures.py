"""pymongo exceptions become ours here and nowhere else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bson.errors import BSONError
from pymongo import errors as mongo

from fhir_server.errors import Conflict, FhirError, TooLarge, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUSY = "Other requests keep changing the same resource. Read it, try again."
DRIVER = (mongo.PyMongoError, BSONError)
DUPLICATE = 11000
TOO_LARGE = 10334
TOO_LARGE_FOR_CACHE = 388
WRITE_CONFLICT = 112
TRANSIENT = "TransientTransactionError"
UNKNOWN_COMMIT = "UnknownTransactionCommitResult"


@contextmanager
def translated() -> Iterator[None]:
    """Raise a FhirError for whatever the driver raises inside."""
    try:
        yield
    except DRIVER as error:
        raise translate(error) from error


def translate(error: Exception) -> FhirError:
    """Say in our words what the driver raised; no value of the request is repeated."""
    if is_duplicate(error):
        return Conflict("Another request has just written the same resource. Read it, try again.")
    if is_transient(error):
        return Conflict(BUSY)
    if isinstance(error, mongo.ExecutionTimeout | mongo.WTimeoutError):
        return Unavailable(
            "The database took longer than FHIR_QUERY_TIME_LIMIT_MS allows. Narrow the search, or "
            "ask the operator for an index (fhir-server check --indexes)."
        )
    if getattr(error, "code", 0) == TOO_LARGE_FOR_CACHE:
        return TooLarge(
            "The transaction is larger than the cache of the database allows. Send it in smaller "
            "parts, or ask the operator for more (FHIR_MONGOD_CACHE_GB)."
        )
    if isinstance(error, mongo.DocumentTooLarge) or getattr(error, "code", 0) == TOO_LARGE:
        return TooLarge("The resource is larger than the 16 MB that the database keeps in one.")
    return _unanswered(error)


def is_transient(error: BaseException) -> bool:
    """Tell whether the whole transaction may simply be run again."""
    return isinstance(error, mongo.PyMongoError) and (
        _labelled(error, TRANSIENT)
        or (isinstance(error, mongo.OperationFailure) and error.code == WRITE_CONFLICT)
    )


def is_duplicate(error: BaseException) -> bool:
    """Tell whether a document with the same key is there already."""
    if isinstance(error, mongo.BulkWriteError):
        return any(each["code"] == DUPLICATE for each in error.details.get("writeErrors", ()))
    return isinstance(error, mongo.DuplicateKeyError)


def claimed(said: Mapping[str, Any] | None) -> str | None:
    """Give the key of a claim that another document has, if that is what a failure is about."""
    if not said or said.get("code") != DUPLICATE or set(said.get("keyPattern", ())) != {"c"}:
        return None
    return str(said["keyValue"]["c"])


def is_unknown_commit(error: BaseException) -> bool:
    """Tell whether a commit may have happened, so that only the commit may be sent again."""
    return isinstance(error, mongo.PyMongoError) and _labelled(error, UNKNOWN_COMMIT)


def _labelled(error: mongo.PyMongoError, label: str) -> bool:
    return label in getattr(error, "_error_labels", ())


def _unanswered(error: Exception) -> Unavailable:
    if isinstance(error, mongo.ServerSelectionTimeoutError):
        return Unavailable("The database cannot be reached. The same request may work later.")
    if isinstance(error, mongo.ConfigurationError):
        return Unavailable("FHIR_MONGODB_URI is not the address of a MongoDB (mongodb://host/…).")
    if isinstance(error, mongo.WaitQueueTimeoutError):
        return Unavailable("All connections to the database are busy. Try again.")
    if isinstance(error, mongo.ConnectionFailure):
        return Unavailable("The connection to the database broke. The same request may work later.")
    return Unavailable(f"The database refused the operation ({type(error).__name__}).")
