"""A database as one stream of frames, and back: all as it was at one moment, while writes go on.

All collections are read at one time of the cluster (snapshot reads), in the order of their keys.
Writing it back reads every collection again from the database and holds it against its sum. The
time is in the head: what was archived of the oplog can be played on from there (``replay``).

https://www.mongodb.com/docs/manual/reference/read-concern-snapshot/
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import IndexModel, MongoClient, WriteConcern
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from fhir_server.store import frames
from fhir_server.store.failures import translated
from fhir_server.store.frames import Damaged, Sum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from bson.timestamp import Timestamp
    from pymongo.collection import Collection
    from pymongo.database import Database

    Raw = Database[RawBSONDocument]
    Indexes = dict[str, dict[str, dict[str, Any]]]
    """Of every collection, by name, the indexes that are to be made."""
    Later = Callable[[Raw, dict[str, Any], Indexes], datetime]
    """Plays on what came after a backup, given its head; says until when."""

UNFINISHED = "_restoring"
"""A collection that is there while, and only while, a database is being written back."""
AT_ONCE = 1000
AT_ONCE_BYTES = 8 * 1024 * 1024
TOO_OLD, CHANGED = 239, 246
"""Codes of a snapshot that cannot be read: no longer kept, or an index was made since."""
LONGEST_SECONDS = 6 * 3600
SHIPPED = ("key", "name", "unique", "sparse", "partialFilterExpression", "expireAfterSeconds")


class Occupied(Exception):
    """There is something in the database that a backup is to be written back into."""


class Overtaken(Damaged):
    """The moment cannot be read whole; another one can."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds; ``moment`` is when it was (aware, UTC)."""

    moment: datetime
    collections: int
    documents: int


class _At(ReadConcern):
    """Reads what was there at one time of the cluster."""

    def __init__(self, time: Timestamp | None) -> None:
        super().__init__("snapshot")
        self._time = time

    @property
    def document(self) -> dict[str, Any]:
        """Write it as a command says it."""
        return {**super().document, "atClusterTime": self._time}


def dump(uri: str, name: str, target: BinaryIO, server: str) -> Summary:
    """Write the database ``name`` as it is now to ``target``; ``server`` is the version that does.

    Raises Damaged if reading took longer than the database keeps what was.
    """
    with translated(), opened(uri, name) as database:
        _keep_what_was(database)
        try:
            return _dumped(database, target, server)
        except OperationFailure as error:
            if error.code == CHANGED:
                raise Overtaken("A collection was given an index meanwhile; try again.") from error
            if error.code != TOO_OLD:
                raise
            raise Damaged(
                "The database no longer keeps the moment the backup began: raise its parameter "
                "minSnapshotHistoryWindowInSeconds, or back up in a quieter hour."
            ) from error


def _keep_what_was(database: Raw) -> None:
    """Let the database keep the moment of the backup as long as reading may take.

    A user without the right to say so has the five minutes that are usual.
    """
    try:
        database.client.admin.command(
            {"setParameter": 1, "minSnapshotHistoryWindowInSeconds": LONGEST_SECONDS}
        )
    except OperationFailure:
        return


def _dumped(database: Raw, target: BinaryIO, server: str) -> Summary:
    time, names = _begun(database)
    moment = datetime.now(UTC)
    if UNFINISHED in names:
        raise Damaged("The database was not written back wholly; there is nothing to back up.")
    head = {
        "format": frames.FORMAT,
        "server": server,
        "database": database.name,
        "set": set_of(database),
        "moment": moment,
        "time": time,
        "collections": [{"name": n, "indexes": _indexes(database[n])} for n in names],
    }
    frames.put(target, b"H", bson.encode(head))
    total = 0
    for name in names:
        frames.put(target, b"C", bson.encode({"name": name}))
        passed = Sum()
        then = database[name].with_options(read_concern=_At(time))
        for each in then.find({}).sort("_id", 1):
            frames.put(target, b"D", bytes(each.raw))
            passed.add(each.raw)
        frames.put(target, b"E", bson.encode(passed.said()))
        total += passed.number
    frames.put(target, b"Z", bson.encode({"collections": len(names), "documents": total}))
    return Summary(moment, len(names), total)


def _begun(database: Raw) -> tuple[Timestamp | None, list[str]]:
    """Choose a time at which there were just these collections; None if there are none."""
    names = _names(database)
    while names:
        time, before = _time_now(database, names[0]), names
        names = _names(database)
        if names == before:
            return time, names
    return None, []


def _names(database: Raw) -> list[str]:
    return sorted(n for n in database.list_collection_names() if not n.startswith("system."))


def _time_now(database: Raw, there: str) -> Timestamp:
    """Give the newest time of the cluster that can be read whole; ``there`` is a collection."""
    asked = {"limit": 1, "singleBatch": True, "readConcern": {"level": "snapshot"}}
    time: Timestamp = database.command({"find": there, **asked})["cursor"]["atClusterTime"]
    return time


def set_of(database: Raw) -> str:
    """Name the replica set as no other is named; "" where nobody may ask."""
    try:
        config = database.client.admin.command("replSetGetConfig")["config"]
    except OperationFailure:
        return ""
    return str(config["settings"]["replicaSetId"])


def _indexes(collection: Collection[RawBSONDocument]) -> list[dict[str, Any]]:
    found = [dict(each) for each in collection.list_indexes()]
    return [shipped(each) for each in found if each["name"] != "_id_"]


def shipped(index: dict[str, Any]) -> dict[str, Any]:
    """Give what matters of an index."""
    return {name: index[name] for name in SHIPPED if name in index}


def verify(source: BinaryIO) -> Summary:
    """Read a backup to its end and check every sum; Damaged if it is not whole."""
    head, passed = frames.head(source, "backup"), Sum()
    for letter, content in frames.frames(source):
        if letter == b"C":
            passed = Sum()
        elif letter == b"D":
            passed.add(content)
        elif letter == b"E":
            passed.agree(content)
        else:
            return _summary(head, bson.decode(content))
    raise Damaged(frames.CUT_OFF)


def restore(uri: str, name: str, source: BinaryIO, later: Later | None = None) -> Summary:
    """Write a backup into the empty database ``name``, then check what the database now holds.

    Raises Occupied, or Damaged; then nothing of it is left there. Where even that fails (the power
    goes), what is left is marked, and no server opens it.
    """
    with translated(), opened(uri, name) as database:
        there = [each for each in database.list_collection_names() if each != UNFINISHED]
        if there:
            raise Occupied(f"The database {name} is not empty: it has {len(there)} collections.")
        database.create_collection(UNFINISHED)
        try:
            summary = _restored(database, source, later)
        except BaseException:
            for each in database.list_collection_names():
                if each != UNFINISHED:
                    database.drop_collection(each)
            database.drop_collection(UNFINISHED)
            raise
        database.drop_collection(UNFINISHED)
        return summary


def _restored(database: Raw, source: BinaryIO, later: Later | None) -> Summary:
    """Documents first, then what came later, and indexes at last: none may delete or refuse yet."""
    head = frames.head(source, "backup")
    summary = _summary(head, _written(database, source))
    indexes: Indexes = {
        each["name"]: {index["name"]: index for index in each["indexes"]}
        for each in head["collections"]
    }
    if later:
        summary = _counted(database, later(database, head, indexes))
    for name, made in indexes.items():
        models = [_model(each) for each in made.values()]
        if models:
            database[name].create_indexes(models)
    return summary


def _written(database: Raw, source: BinaryIO) -> dict[str, Any]:
    """Write all documents and read them back; give what the end of the stream says."""
    name, batch = "", _Batch(database)
    for letter, content in frames.frames(source):
        if letter == b"C":
            name = bson.decode(content)["name"]
            database.create_collection(name)
            batch = _Batch(database, name)
        elif letter == b"D":
            batch.add(content)
        elif letter == b"E":
            batch.flush()
            _held(database[name]).agree(content)
        else:
            return bson.decode(content)
    raise Damaged(frames.CUT_OFF)


def _model(index: dict[str, Any]) -> IndexModel:
    others = {name: each for name, each in index.items() if name != "key"}
    return IndexModel(list(index["key"].items()), **others)


class _Batch:
    """Documents of one collection that are written together."""

    def __init__(self, database: Raw, name: str = UNFINISHED) -> None:
        self._collection = database[name].with_options(write_concern=WriteConcern(w=1))
        self._waiting: list[RawBSONDocument] = []
        self._bytes = 0

    def add(self, content: bytes) -> None:
        """Take one more; write when there are many."""
        self._waiting.append(RawBSONDocument(content))
        self._bytes += len(content)
        if len(self._waiting) >= AT_ONCE or self._bytes >= AT_ONCE_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            self._collection.insert_many(self._waiting, ordered=False)
        self._waiting, self._bytes = [], 0


def _held(collection: Collection[RawBSONDocument]) -> Sum:
    """Count and digest what a collection holds."""
    found = Sum()
    for each in collection.find({}).sort("_id", 1):
        found.add(each.raw)
    return found


def _summary(head: dict[str, Any], end: dict[str, Any]) -> Summary:
    moment: datetime = head["moment"].replace(tzinfo=UTC)
    return Summary(moment, end["collections"], end["documents"])


def _counted(database: Raw, moment: datetime) -> Summary:
    names = [each for each in database.list_collection_names() if each != UNFINISHED]
    return Summary(moment, len(names), sum(database[n].count_documents({}) for n in names))


@contextmanager
def opened(uri: str, name: str) -> Iterator[Raw]:
    """Open a database for documents as they are, byte for byte."""
    options: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
    client: MongoClient[RawBSONDocument] = MongoClient(
        uri, document_class=RawBSONDocument, appname="fhir-server backup"
    )
    with client:
        yield client.get_database(
            name, codec_options=options, write_concern=WriteConcern(w="majority", j=True)
        )
