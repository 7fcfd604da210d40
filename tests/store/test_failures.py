import pytest
from pymongo import errors as mongo

from fhir_server.errors import Conflict, FhirError, TooLarge, Unavailable
from fhir_server.store.failures import translated

RAISED = [
    error
    for error in vars(mongo).values()
    if isinstance(error, type) and issubclass(error, mongo.PyMongoError)
]
NIK = "3171234567890001"


def made(kind):
    """Make an exception of the driver, as far as it can be made, with a patient's number in it."""
    error = kind.__new__(kind)
    if kind is mongo.EncryptedCollectionError:
        kind.__init__(error, Exception(NIK), {})
    elif issubclass(kind, mongo.BulkWriteError):
        kind.__init__(error, {"writeErrors": [{"code": 1, "errmsg": NIK}]})
    elif issubclass(kind, mongo.ClientBulkWriteException):
        kind.__init__(error, {"error": NIK}, verbose=False)
    else:
        kind.__init__(error, NIK)
    return error


@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: kind.__name__)
def test_no_driver_exception_leaves_the_store_nor_what_it_says(kind):
    with pytest.raises(FhirError) as failed, translated():
        raise made(kind)

    assert NIK not in str(failed.value)


@pytest.mark.parametrize(
    ("error", "becomes", "words"),
    [
        (mongo.DuplicateKeyError("E11000"), Conflict, "Another request"),
        (mongo.BulkWriteError({"writeErrors": [{"code": 11000}]}), Conflict, "Another request"),
        (mongo.OperationFailure("conflict", 112), Conflict, "keep changing"),
        (mongo.ExecutionTimeout("slow", 50), Unavailable, "FHIR_QUERY_TIME_LIMIT_MS"),
        (mongo.ServerSelectionTimeoutError("none"), Unavailable, "cannot be reached"),
        (mongo.WaitQueueTimeoutError("busy"), Unavailable, "connections"),
        (mongo.AutoReconnect("broke"), Unavailable, "broke"),
        (mongo.DocumentTooLarge("big"), TooLarge, "16 MB"),
        (mongo.OperationFailure("too large", 388), TooLarge, "FHIR_MONGOD_CACHE_GB"),
        (mongo.OperationFailure("?", 1), Unavailable, "OperationFailure"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_driver_exception_says_what_it_means(error, becomes, words):
    with pytest.raises(becomes, match=words), translated():
        raise error
