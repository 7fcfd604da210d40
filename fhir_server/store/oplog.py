"""The archive of the oplog: what was written after a backup, in parts that follow one another.

A part is named by the times of the cluster of its first and its last entry, and the next one begins
with the entry that the last one ended with. So the archive itself says where it goes on, and where
it has a gap. Entries of other databases are not kept, what the database said to itself is.

https://www.mongodb.com/docs/manual/core/replica-set-oplog/
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bson
from bson.raw_bson import RawBSONDocument
from bson.timestamp import Timestamp
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from fhir_server.store import frames
from fhir_server.store.backup import opened, set_of
from fhir_server.store.failures import translated
from fhir_server.store.frames import Damaged, Sum

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from typing import BinaryIO

    from pymongo.collection import Collection

    from fhir_server.store.backup import Raw

    Entries = Generator[RawBSONDocument]

KIND = "oplog"
PATTERN = re.compile(r"(\d{8}T\d{6}Z)\.(\d+)-(\d{8}T\d{6}Z)\.(\d+)\.oplog")
SECONDS = "%Y%m%dT%H%M%SZ"
COMMANDS = "admin.$cmd"


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """The entries from one time of the cluster to another, both included."""

    begins: Timestamp
    ends: Timestamp

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{_named(self.begins)}-{_named(self.ends)}.oplog"

    @classmethod
    def of(cls, name: str) -> Part | None:
        """Read the name of a file; None if it is no part of an archive."""
        found = PATTERN.fullmatch(name)
        return cls(_time(found[1], found[2]), _time(found[3], found[4])) if found else None


def _named(time: Timestamp) -> str:
    return f"{time.as_datetime():{SECONDS}}.{time.inc}"


def _time(seconds: str, number: str) -> Timestamp:
    moment = datetime.strptime(seconds, SECONDS).replace(tzinfo=UTC)
    return Timestamp(int(moment.timestamp()), int(number))


def following(parts: Iterable[Part], time: Timestamp) -> list[Part]:
    """Choose the parts that lead on from a time without a gap; none if nothing holds it."""
    chosen: list[Part] = []
    waiting = sorted(parts)
    while True:
        further = [
            each
            for each in waiting
            if each.begins <= time and (each.ends > time or (not chosen and each.ends == time))
        ]
        if not further:
            return chosen
        chosen.append(max(further, key=lambda each: each.ends))
        time = chosen[-1].ends


class Oplog:
    """The oplog of the replica set that a database lies on."""

    def __init__(self, database: Raw) -> None:
        self._database = database
        sure = ReadConcern("majority")
        local = database.client["local"].with_options(codec_options=database.codec_options)
        self._entries: Collection[RawBSONDocument] = local["oplog.rs"].with_options(
            read_concern=sure
        )

    def next_part(self, last: Timestamp | None) -> Part:
        """Say what is to be archived after ``last``; if that is gone, all that there is."""
        if "setName" not in self._database.client.admin.command("hello"):
            raise Damaged(
                "A sharded cluster has no oplog of its own: archive each shard with the tools of "
                "your MongoDB."
            )
        with suppress(OperationFailure):  # who may not say so archives up to the last write
            self._database.client.admin.command({"appendOplogNote": 1, "data": {"archived": 1}})
        oldest, newest = self._at(1), self._at(-1)
        return Part(last if last and self.holds(last) else oldest, newest)

    def _at(self, end: int) -> Timestamp:
        found = self._entries.find_one({}, sort=[("$natural", end)])
        if found is None:
            raise Damaged("The oplog is empty.")
        time: Timestamp = found["ts"]
        return time

    def holds(self, time: Timestamp) -> bool:
        """Tell whether the entry of a time is still there."""
        return self._entries.find_one({"ts": {"$gte": time, "$lte": time}}) is not None

    def entries(self, part: Part) -> Entries:
        """Give what is to be kept of a part; its last entry always, if only as a time."""
        wanted = {"ts": {"$gte": part.begins, "$lte": part.ends}}
        for each in self._entries.find(wanted).sort("$natural", 1):
            kept = ours(each, self._database.name)
            if kept is not None:
                yield kept
            elif each["ts"] == part.ends:
                nothing = {"ts": each["ts"], "wall": each["wall"], "op": "n", "ns": "", "o": {}}
                yield RawBSONDocument(bson.encode(nothing))


def ours(entry: RawBSONDocument, name: str) -> RawBSONDocument | None:
    """Give an entry as far as it tells of the database ``name``; None if it does not."""
    if entry["op"] == "n" or entry["ns"].startswith(f"{name}."):
        return entry
    if entry["ns"] != COMMANDS or "applyOps" not in entry["o"]:
        return None
    told = entry["o"]["applyOps"]
    kept = [each for each in told if each["ns"].startswith(f"{name}.")]
    if len(kept) == len(told):
        return entry
    shortened = {**entry, "o": {**entry["o"], "applyOps": kept}}
    return RawBSONDocument(bson.encode(shortened))


@dataclass(frozen=True, slots=True)
class Archived:
    """What a part holds; ``until`` is when its last entry was written (aware, UTC)."""

    part: Part
    until: datetime
    entries: int


def last_of(parts: Iterable[Part]) -> Timestamp | None:
    """Give the time that an archive reaches; None if it is empty."""
    return max((each.ends for each in parts), default=None)


def next_part(uri: str, name: str, last: Timestamp | None) -> Part:
    """Say what is to be archived of the database ``name`` after ``last``."""
    with translated(), opened(uri, name) as database:
        return Oplog(database).next_part(last)


def dump(uri: str, name: str, part: Part, target: BinaryIO) -> Archived:
    """Write a part to ``target``; Damaged if the oplog lost its beginning meanwhile."""
    with translated(), opened(uri, name) as database:
        head = {
            "format": frames.FORMAT,
            "kind": KIND,
            "database": name,
            "set": set_of(database),
            "begins": part.begins,
            "ends": part.ends,
        }
        frames.put(target, b"H", bson.encode(head))
        oplog, passed, until = Oplog(database), Sum(), datetime.now(UTC)
        for each in oplog.entries(part):
            frames.put(target, b"O", bytes(each.raw))
            passed.add(each.raw)
            until = each["wall"]
        if not oplog.holds(part.begins):
            raise Damaged("The oplog was written over while it was read; archive more often.")
        frames.put(target, b"E", bson.encode(passed.said()))
        frames.put(target, b"Z", bson.encode({"collections": 0, "documents": passed.number}))
        return Archived(part, until.replace(tzinfo=UTC), passed.number)


def entries(source: BinaryIO, backed_up: Mapping[str, Any] | None = None) -> Entries:
    """Give the entries of a part; Damaged if it is not whole.

    Or if it is not of the database that was backed up, given the head of the backup.
    """
    head = frames.head(source, KIND)
    for field in ("database", "set"):
        if backed_up and head[field] != backed_up[field]:
            raise Damaged(f"The archive is of another {field} than the backup: {head[field]}.")
    passed = Sum()
    for letter, content in frames.frames(source):
        if letter == b"O":
            passed.add(content)
            yield RawBSONDocument(content)
        elif letter == b"E":
            passed.agree(content)
        else:
            return
    raise Damaged(frames.CUT_OFF)
