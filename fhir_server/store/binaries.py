"""The content of large Binaries, beside the resource in GridFS.

The version itself keeps the Binary without ``data``, tagged SUBSETTED, which is what lists
(searches, histories) give; and in ``f`` where its content is and what stands around it:

    f: {id: file, sha: of the content, n: its length, head: JSON before, tail: JSON after, at: int}

Content is written before the version that names it, so no version lacks it; content that no
version names, because its write was refused or the process died, is swept.

https://hl7.org/fhir/R4/binary.html, https://hl7.org/fhir/R4/resource.html#Meta (SUBSETTED)
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from bson import ObjectId
from gridfs import GridFSBucket, NoFile
from msgspec import structs

from fhir_server.errors import Gone
from fhir_server.resources.wire import Text, dump, pieces, text
from fhir_server.store import versions
from fhir_server.store.ops import Aside, Put, Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pymongo.database import Database

    from fhir_server.store.ops import Op, Written

Document = dict[str, Any]

BUCKET = "_binaries"
CHUNK_BYTES = 4 * 1024 * 1024
ORPHAN_HOURS = 24
SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
_EPOCH = datetime.fromtimestamp(0, UTC)


class Binaries:
    """Content of Binaries in one database; what is longer than ``limit`` is set aside."""

    def __init__(self, database: Database[Document], limit: int) -> None:
        self._database = database
        self._limit = limit
        self._files = database[f"{BUCKET}.files"]
        self._bucket = GridFSBucket(database, BUCKET, CHUNK_BYTES)

    def set_aside(self, ops: Sequence[Op]) -> Sequence[Op]:
        """Write the large content of these ops and let each name its own."""
        if not any(self._is_large(op) for op in ops):
            return ops
        return [
            self._parted(op) if isinstance(op, Put) and self._is_large(op) else op for op in ops
        ]

    def whole(self, stored: Stored) -> Stored:
        """Give a version with its content; Gone if that was taken out meanwhile."""
        file = stored.file
        if file is None:
            return stored
        try:
            with self._bucket.open_download_stream(file["id"]) as stream:
                content = stream.read()
        except NoFile as error:
            raise Gone(f"The content of Binary/{stored.id} was taken out for good.") from error
        raw = b"".join((file["head"], content, file["tail"]))
        return structs.replace(stored, text=Text(raw, file["at"]), file=None)

    def settle(self, ops: Sequence[Op], written: Sequence[Written]) -> None:
        """Remove the content that a write brought for nothing: the version there had it."""
        for op, done in zip(ops, written, strict=True):
            aside = op.aside if isinstance(op, Put) else None
            if aside and (done.stored.file or aside.file)["id"] != aside.file["id"]:
                self.remove([aside.file["id"]])

    def forget(self, ops: Sequence[Op]) -> None:
        """Remove the content of ops that were refused."""
        self.remove(op.aside.file["id"] for op in ops if isinstance(op, Put) and op.aside)

    def remove(self, files: Iterable[ObjectId]) -> None:
        """Remove content that no version names any more."""
        for each in files:
            try:
                self._bucket.delete(each)
            except NoFile:
                continue

    def sweep(self) -> int:
        """Remove content older than a day that no version names; give how many."""
        oldest = datetime.now(UTC) - timedelta(hours=ORPHAN_HOURS)
        old = self._files.find({"uploadDate": {"$lt": oldest}}, {"_id": 1})
        found = [row["_id"] for row in old]
        orphans = set(found) - set(self._named()) if found else set()
        self.remove(orphans)
        return len(orphans)

    def _named(self) -> Iterator[ObjectId]:
        for name in ("Binary", versions.past_name("Binary")):
            for row in self._database[name].find({"f": {"$exists": True}}, {"f.id": 1}):
                yield row["f"]["id"]

    def _is_large(self, op: Op) -> bool:
        return (
            op.resource_type == "Binary" and isinstance(op, Put) and len(op.text.raw) > self._limit
        )

    def _parted(self, op: Put) -> Put:
        raw = op.text.raw
        parts = pieces(op.text.stamped(0, _EPOCH))
        content = parts.pop("data", b"")
        if len(content) <= self._limit:
            return op
        start = raw.index(b'"data":' + content) + len(b'"data":')
        file = {
            "id": ObjectId(),
            "sha": hashlib.sha256(content).hexdigest(),
            "n": len(content),
            "head": raw[:start],
            "tail": raw[start + len(content) :],
            "at": op.text.at,
        }
        self._bucket.upload_from_stream_with_id(file["id"], op.id, content)
        return structs.replace(op, aside=Aside(_without(parts, op.id), file))


def unmarked(document: Document) -> Document:
    """Give a Binary that is kept without its content as it was written, but for the content."""
    meta = document["meta"]
    tags = {"tag": meta["tag"][:-1]} if len(meta["tag"]) > 1 else {}
    rest = {name: value for name, value in meta.items() if name != "tag"}
    return document | {"meta": rest | tags}


def _without(parts: dict[str, bytes], resource_id: str) -> Text:
    meta = orjson.loads(parts["meta"])
    parts["meta"] = dump({**meta, "tag": [*meta.get("tag", ()), SUBSETTED]})
    raw = b",".join(b'"%b":%b' % (name.encode(), value) for name, value in parts.items())
    return text(b"{%b}" % raw, resource_id)
