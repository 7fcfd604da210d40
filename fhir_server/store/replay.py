"""Plays archived entries of the oplog on a database that was just written back from a backup.

Entries after the time of the backup, in their order, none twice; transactions when they commit, as
a whole. What changes is held until there is much of it or a command comes, and written then: only
the last state of a document counts. Indexes are only remembered, for they are made at the end.
An entry that is not understood ends it, and nothing is restored.

https://github.com/mongodb/mongo/blob/master/src/mongo/db/repl/README.md
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument
from bson.timestamp import Timestamp
from pymongo import DeleteOne, ReplaceOne, WriteConcern

from fhir_server.store.backup import UNFINISHED, shipped
from fhir_server.store.diffs import applied
from fhir_server.store.frames import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fhir_server.store.backup import Indexes, Later, Raw

    Document = dict[str, Any]

AT_ONCE = 1000
AT_ONCE_BYTES = 8 * 1024 * 1024
START = Timestamp(0, 0)
PLAIN: CodecOptions[dict[str, Any]] = CodecOptions(
    document_class=dict, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
MISFIT = "The archive does not fit the backup: {}."


def later(entries: Iterable[RawBSONDocument], until: datetime | None) -> Later:
    """Play entries on up to an instant, or all that there are."""

    def play(database: Raw, head: Document, indexes: Indexes) -> datetime:
        player, reached = Player(database, head, indexes), None
        for entry in entries:
            moment: datetime = entry["wall"].replace(tzinfo=UTC)
            if until and moment > until:
                player.flush()
                return until
            player.take(entry)
            reached = moment
        if reached is None or (until and reached < until):
            ends = f"{reached:%Y-%m-%d %H:%M:%S} UTC" if reached else "before the backup"
            raise Damaged(f"The archive ends {ends}; archive the oplog on, or restore less.")
        player.flush()
        return reached

    return play


class Player:
    """The state of one replay."""

    def __init__(self, database: Raw, head: Document, indexes: Indexes) -> None:
        self._database, self._indexes = database, indexes
        self._source, self._after = head["database"], head["time"]
        self._waiting: dict[str, dict[bytes, RawBSONDocument | None]] = defaultdict(dict)
        self._bytes = 0
        self._open: dict[bytes, list[RawBSONDocument]] = {}
        self._commands: dict[str, Callable[[str, Any], None]] = {
            "create": self._create,
            "drop": self._drop,
            "createIndexes": self._create_index,
            "commitIndexBuild": self._index_built,
            "startIndexBuild": lambda *_: None,
            "abortIndexBuild": lambda *_: None,
            "dropIndexes": self._drop_index,
            "collMod": self._modify,
        }

    def take(self, entry: RawBSONDocument) -> None:
        """Play one entry; one that is in the backup already changes nothing."""
        whole = self._transaction(entry)
        if entry["ts"] <= self._after:
            return
        self._after = entry["ts"]
        for each in [entry] if whole is None else whole:
            self._play(each)

    def _transaction(self, entry: RawBSONDocument) -> list[RawBSONDocument] | None:
        """Give what a transaction did if this entry commits it, none if it goes on."""
        told = entry["o"]
        if entry["op"] != "c" or "applyOps" not in told:
            return None
        if told.get("prepare"):
            raise Damaged("The archive has transactions of several shards, which are not known.")
        parts = list(told["applyOps"])
        if "prevOpTime" not in entry or "txnNumber" not in entry or entry.get("multiOpType"):
            return parts
        key = bson.encode({"session": entry["lsid"], "number": entry["txnNumber"]})
        before = self._open.pop(key, None)
        if before is None and entry["prevOpTime"]["ts"] != START:
            if entry["ts"] <= self._after:
                return []
            raise Damaged(MISFIT.format("it begins in the middle of a transaction"))
        parts = [*(before or ()), *parts]
        if not told.get("partialTxn"):
            return parts
        self._open[key] = parts
        return []

    def _play(self, entry: RawBSONDocument) -> None:
        kind, place = entry["op"], entry["ns"].removeprefix(f"{self._source}.")
        if kind == "n":
            return
        if kind == "c":
            self.flush()
            self._command(entry["o"])
        elif kind == "i":
            self._put(place, _key(entry["o"]), entry["o"])
        elif kind == "u":
            self._update(place, entry["o2"], entry["o"])
        elif kind == "d":
            self._put(place, _key(entry["o"]), None)
        else:
            raise Damaged(f"The oplog has an entry of a kind that is not known: {kind}.")
        if self._bytes >= AT_ONCE_BYTES or sum(map(len, self._waiting.values())) >= AT_ONCE:
            self.flush()

    def _put(self, place: str, key: bytes, document: RawBSONDocument | None) -> None:
        self._waiting[place][key] = document
        self._bytes += len(key) + (len(document.raw) if document else 0)

    def _update(self, place: str, named: RawBSONDocument, change: RawBSONDocument) -> None:
        key = _key(named)
        if "_id" in change:
            self._put(place, key, change)
            return
        if change.get("$v") != 2:
            raise Damaged("The oplog is of a MongoDB before 5.0.")
        held = self._waiting[place]
        before = held[key] if key in held else self._database[place].find_one(bson.decode(key))
        if before is None:
            raise Damaged(MISFIT.format(f"a document of {place} that is updated is not there"))
        diff = bson.decode(change["diff"].raw, PLAIN)
        after = bson.encode(applied(bson.decode(before.raw, PLAIN), diff))
        self._put(place, key, RawBSONDocument(after))

    def flush(self) -> None:
        """Write what waits: of every document its last state."""
        for place, documents in self._waiting.items():
            collection = self._database[place].with_options(write_concern=WriteConcern(w=1))
            writes = [_write(key, document) for key, document in documents.items()]
            collection.bulk_write(writes, ordered=False)
        self._waiting.clear()
        self._bytes = 0

    def _command(self, told: RawBSONDocument) -> None:
        name = next(iter(told))
        if name == "applyOps":
            for each in told["applyOps"]:
                self._play(each)
        elif name == "dropDatabase":
            for each in list(self._indexes):
                self._drop(each, told)
        elif name in self._commands:
            self._commands[name](told[name], bson.decode(told.raw))
        else:
            raise Damaged(f"The oplog has a command that is not known: {name}.")

    def _create(self, place: str, told: Document) -> None:
        if set(told) - {"create", "idIndex"}:
            raise Damaged(f"The oplog makes {place} in a way that is not known.")
        if place not in self._indexes and place != UNFINISHED:
            self._database.create_collection(place)
            self._indexes[place] = {}

    def _drop(self, place: str, _: object) -> None:
        if place == UNFINISHED:
            return
        self._database.drop_collection(place)
        self._indexes.pop(place, None)

    def _create_index(self, place: str, told: Document) -> None:
        spec = told.get("spec", told)
        if spec["name"] != "_id_":
            self._indexes[place][spec["name"]] = shipped(spec)

    def _index_built(self, place: str, told: Document) -> None:
        for spec in told["indexes"]:
            self._create_index(place, spec)

    def _drop_index(self, place: str, told: Document) -> None:
        self._indexes[place].pop(told["index"], None)

    def _modify(self, place: str, told: Document) -> None:
        change = told.get("index", {})
        if set(told) - {"collMod", "index"} or set(change) - {"name", "expireAfterSeconds"}:
            raise Damaged(f"The oplog changes {place} in a way that is not known.")
        self._indexes[place][change["name"]] |= change


def _key(document: RawBSONDocument) -> bytes:
    return bson.encode({"_id": document["_id"]})


def _write(key: bytes, document: RawBSONDocument | None) -> Any:
    wanted = {"_id": RawBSONDocument(key)["_id"]}
    return DeleteOne(wanted) if document is None else ReplaceOne(wanted, document, upsert=True)
