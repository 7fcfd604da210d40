"""A database as one stream, and back: everything as it was at one moment, while writes go on.

All collections are read at one time of the cluster (snapshot reads), in the order of their keys.
The stream is frames, each a letter, a length and BSON:

    H  what this is: format, server, database, moment, the collections with their indexes
    C  a collection begins          D  one document, byte for byte
    E  it ends: documents, SHA-256 over them
    Z  the stream is whole: collections, documents

Writing it back reads every collection again from the database and holds it against its E.

https://www.mongodb.com/docs/manual/reference/read-concern-snapshot/
"""

from __future__ import annotations

import hashlib
import struct
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import IndexModel, MongoClient, WriteConcern
from pymongo.errors import OperationFailure

from fhir_server.store.failures import translated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from pymongo.client_session import ClientSession
    from pymongo.collection import Collection
    from pymongo.database import Database

    Raw = Database[RawBSONDocument]

FORMAT = 1
HEAD = struct.Struct(">cI")
UNFINISHED = "_restoring"
"""A collection that is there while, and only while, a database is being written back."""
AT_ONCE = 1000
AT_ONCE_BYTES = 8 * 1024 * 1024
LARGEST_FRAME = 64 * 1024 * 1024
SNAPSHOT_TOO_OLD = 239
LONGEST_SECONDS = 6 * 3600
SHIPPED = ("key", "name", "unique", "sparse", "partialFilterExpression", "expireAfterSeconds")

Letter = Literal[b"H", b"C", b"D", b"E", b"Z"]


class Damaged(Exception):
    """A backup cannot be used; the message is one line that says why."""


class Occupied(Exception):
    """There is something in the database that a backup is to be written back into."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds; ``moment`` is when it was (aware, UTC)."""

    moment: datetime
    collections: int
    documents: int


def dump(uri: str, name: str, target: BinaryIO, server: str) -> Summary:
    """Write the database ``name`` as it is now to ``target``; ``server`` is the version that does.

    Raises Damaged if reading took longer than the database keeps what was.
    """
    with translated(), _opened(uri, name) as database:
        _keep_what_was(database)
        with database.client.start_session(snapshot=True) as session:
            try:
                return _dumped(database, target, server, session)
            except OperationFailure as error:
                if error.code != SNAPSHOT_TOO_OLD:
                    raise
                raise Damaged(
                    "The database no longer keeps the moment the backup began: raise its "
                    "parameter minSnapshotHistoryWindowInSeconds, or back up in a quieter hour."
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


def _dumped(database: Raw, target: BinaryIO, server: str, session: ClientSession) -> Summary:
    names = sorted(n for n in database.list_collection_names() if not n.startswith("system."))
    if UNFINISHED in names:
        raise Damaged("The database was not written back wholly; there is nothing to back up.")
    moment = datetime.now(UTC)
    head = {
        "format": FORMAT,
        "server": server,
        "database": database.name,
        "moment": moment,
        "collections": [{"name": n, "indexes": _indexes(database[n])} for n in names],
    }
    _put(target, b"H", bson.encode(head))
    total = 0
    for name in names:
        _put(target, b"C", bson.encode({"name": name}))
        digest, number = hashlib.sha256(), 0
        for each in database[name].find({}, session=session).sort("_id", 1):
            _put(target, b"D", bytes(each.raw))
            digest.update(each.raw)
            number += 1
        _put(target, b"E", bson.encode({"documents": number, "sha256": digest.digest()}))
        total += number
    _put(target, b"Z", bson.encode({"collections": len(names), "documents": total}))
    return Summary(moment, len(names), total)


def _indexes(collection: Collection[RawBSONDocument]) -> list[dict[str, Any]]:
    found = [dict(each) for each in collection.list_indexes()]
    return [
        {name: each[name] for name in SHIPPED if name in each}
        for each in found
        if each["name"] != "_id_"
    ]


def verify(source: BinaryIO) -> Summary:
    """Read a backup to its end and check every sum; Damaged if it is not whole."""
    head, digest, number = _head(source), hashlib.sha256(), 0
    for letter, content in _frames(source):
        if letter == b"C":
            digest, number = hashlib.sha256(), 0
        elif letter == b"D":
            digest.update(content)
            number += 1
        elif letter == b"E":
            _agree(bson.decode(content), number, digest.digest())
        else:
            return _summary(head, bson.decode(content))
    raise Damaged("The backup ends before its end: the file was cut off.")


def restore(uri: str, name: str, source: BinaryIO) -> Summary:
    """Write a backup into the empty database ``name``, then check what the database now holds.

    Raises Occupied, or Damaged; then nothing of it is left there. Where even that fails (the power
    goes), what is left is marked, and no server opens it.
    """
    with translated(), _opened(uri, name) as database:
        there = [each for each in database.list_collection_names() if each != UNFINISHED]
        if there:
            raise Occupied(f"The database {name} is not empty: it has {len(there)} collections.")
        database.create_collection(UNFINISHED)
        try:
            summary = _restored(database, source)
        except BaseException:
            for each in database.list_collection_names():
                if each != UNFINISHED:
                    database.drop_collection(each)
            database.drop_collection(UNFINISHED)
            raise
        database.drop_collection(UNFINISHED)
        return summary


def _restored(database: Raw, source: BinaryIO) -> Summary:
    head = _head(source)
    indexes = {each["name"]: each["indexes"] for each in head["collections"]}
    name, batch = "", _Batch(database)
    for letter, content in _frames(source):
        if letter == b"C":
            name = bson.decode(content)["name"]
            database.create_collection(name)
            batch = _Batch(database, name)
        elif letter == b"D":
            batch.add(content)
        elif letter == b"E":
            batch.flush()
            models = [IndexModel(list(each.pop("key").items()), **each) for each in indexes[name]]
            if models:
                database[name].create_indexes(models)
            _agree(bson.decode(content), *_held(database[name]))
        else:
            return _summary(head, bson.decode(content))
    raise Damaged("The backup ends before its end: the file was cut off.")


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


def _held(collection: Collection[RawBSONDocument]) -> tuple[int, bytes]:
    """Count and digest what a collection holds."""
    digest, number = hashlib.sha256(), 0
    for each in collection.find({}).sort("_id", 1):
        digest.update(each.raw)
        number += 1
    return number, digest.digest()


def _agree(said: dict[str, Any], number: int, digest: bytes) -> None:
    if (said["documents"], said["sha256"]) != (number, digest):
        raise Damaged(f"The backup is damaged: {said['documents']} documents are not as they were.")


def _summary(head: dict[str, Any], end: dict[str, Any]) -> Summary:
    moment: datetime = head["moment"].replace(tzinfo=UTC)
    return Summary(moment, end["collections"], end["documents"])


def _head(source: BinaryIO) -> dict[str, Any]:
    letter, content = next(_frames(source), (b"", b""))
    head = bson.decode(content) if letter == b"H" else {}
    if head.get("format") != FORMAT:
        raise Damaged("This is no backup of this server, or one of a newer server.")
    return head


def _put(target: BinaryIO, letter: Letter, content: bytes) -> None:
    target.write(HEAD.pack(letter, len(content)))
    target.write(content)


def _frames(source: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(begun := source.read(HEAD.size)) == HEAD.size:
        letter, size = HEAD.unpack(begun)
        if letter not in b"HCDEZ" or size > LARGEST_FRAME:
            raise Damaged("This is no backup of this server, or it is damaged.")
        content = source.read(size)
        if len(content) < size:
            return
        yield letter, content


@contextmanager
def _opened(uri: str, name: str) -> Iterator[Raw]:
    """Open a database for documents as they are, byte for byte."""
    options: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
    client: MongoClient[RawBSONDocument] = MongoClient(
        uri, document_class=RawBSONDocument, appname="fhir-server backup"
    )
    with client:
        yield client.get_database(
            name, codec_options=options, write_concern=WriteConcern(w="majority", j=True)
        )
