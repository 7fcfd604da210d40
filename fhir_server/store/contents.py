"""Whether the content of large Binaries is what their versions say, and what can be had back.

Content lies in GridFS (``binaries``): a document of ``files`` and pieces in ``chunks``. Where the
pieces are whole their file is made anew of them; where another version has the same content, it is
taken from there. What neither gives comes from a backup.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from gridfs import GridFSBucket, NoFile
from gridfs.errors import CorruptGridFile

from fhir_server.store.binaries import BUCKET, CHUNK_BYTES
from fhir_server.store.failures import translated
from fhir_server.store.versions import now, past_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bson import ObjectId
    from pymongo.database import Database

Document = dict[str, Any]


def broken(database: Database[Document]) -> Iterator[str]:
    """Say of which versions of Binary the content is not what was written."""
    with translated():
        for where, file, fault in _broken(database):
            yield (
                f"{where}: its content {fault}; {file['n']} bytes should be there. Where --repair "
                "leaves it so, take it from a backup"
            )


def mend(database: Database[Document]) -> int:
    """Bring content back that is still somewhere in the database; give how often it was."""
    with translated():
        return sum(_mended(database, file) for _, file, _ in list(_broken(database)))


def _broken(database: Database[Document]) -> Iterator[tuple[str, Document, str]]:
    bucket = GridFSBucket(database, BUCKET)
    for where, file in _versions(database):
        fault = _fault(bucket, file)
        if fault and any(row["id"] == file["id"] for _, row in _versions(database, file["sha"])):
            yield where, file, fault  # its version is still there


def _versions(
    database: Database[Document], sha: str | None = None
) -> Iterator[tuple[str, Document]]:
    wanted = {"f": {"$exists": True}} if sha is None else {"f.sha": sha}
    for name in ("Binary", past_name("Binary")):
        for row in database[name].find(wanted, {"f": 1, "v": 1}).sort("_id", 1):
            key = row["_id"]
            resource_id, version = (key, row["v"]) if "v" in row else (key["id"], key["v"])
            yield f"Binary/{resource_id} version {version}", row["f"]


def _fault(bucket: GridFSBucket, file: Document) -> str:
    """Say what is wrong with a content; nothing if it is what was written."""
    found = hashlib.sha256()
    try:
        with bucket.open_download_stream(file["id"]) as stream:
            while piece := stream.readchunk():
                found.update(piece)
    except NoFile:
        return "is missing"
    except CorruptGridFile:
        return "lacks pieces"
    return "" if found.hexdigest() == file["sha"] else "is not what was written"


def _mended(database: Database[Document], file: Document) -> bool:
    if _is_meant(_pieces(database, file["id"]), file):
        _file_anew(database, file)
        return True
    for _, other in _versions(database, file["sha"]):
        if _is_meant(_pieces(database, other["id"]), file):
            _copy(database, other["id"], file)
            return True
    return False


def _pieces(database: Database[Document], file: ObjectId) -> Iterator[bytes]:
    for row in database[f"{BUCKET}.chunks"].find({"files_id": file}).sort("n", 1):
        yield row["data"]


def _is_meant(pieces: Iterable[bytes], file: Document) -> bool:
    found, length = hashlib.sha256(), 0
    for piece in pieces:
        found.update(piece)
        length += len(piece)
    return (length, found.hexdigest()) == (file["n"], file["sha"])


def _file_anew(database: Database[Document], file: Document) -> None:
    first = next(_pieces(database, file["id"]))
    new = {
        "length": file["n"],
        "chunkSize": len(first) if len(first) < file["n"] else CHUNK_BYTES,
        "uploadDate": now(),
    }
    database[f"{BUCKET}.files"].update_one({"_id": file["id"]}, {"$set": new}, upsert=True)


def _copy(database: Database[Document], source: ObjectId, file: Document) -> None:
    chunks = database[f"{BUCKET}.chunks"]
    chunks.delete_many({"files_id": file["id"]})
    for number, piece in enumerate(_pieces(database, source)):
        chunks.insert_one({"files_id": file["id"], "n": number, "data": piece})
    _file_anew(database, file)
