"""Writes the search index of stored resources anew; what it says of a resource never changes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from fhir_server.resources import wire
from fhir_server.search.index import index
from fhir_server.store.binaries import unmarked
from fhir_server.store.failures import translated
from fhir_server.store.versions import WHOLE, text_of

if TYPE_CHECKING:
    from datetime import datetime

    from pymongo.collection import Collection
    from pymongo.database import Database

    from fhir_server.search.parameters import Parameters

Document = dict[str, Any]
Keys = Callable[[Document], list[str]]


class Slice(NamedTuple):
    """The next ``limit`` resources of a type; ``since``: only what was written then or later.

    With ``keys`` also what each alone may have is written anew.
    """

    resource_type: str
    after: str
    limit: int
    since: datetime | None = None
    keys: Keys | None = None


def reindex_slice(
    database: Database[Document], parameters: Parameters, asked: Slice
) -> tuple[int, str | None]:
    """Index resources by id; give how many, and the last id unless it was the end.

    A resource that is written meanwhile is left alone: its new version brings its own index.
    """
    wanted: Document = {"_id": {"$gt": asked.after}}
    if asked.since is not None:
        wanted["t"] = {"$gte": asked.since}
    collection = database[asked.resource_type]
    held = {**WHOLE, "ix": 1, "c": 1, "f.id": 1}
    with translated():
        rows = list(collection.find(wanted, held).sort("_id", 1).limit(asked.limit))
        changes = []
        for row in rows:
            document, same = wire.parse(text_of(row)), {"_id": row["_id"], "v": row["v"]}
            if "f" in row:
                document = unmarked(document)
            made = index(document, parameters)
            if made != row["ix"]:
                changes.append(UpdateOne(same, {"$set": {"ix": made}}))
            if asked.keys:
                _claim(collection, same, row.get("c", []), asked.keys(document))
        if changes:
            collection.bulk_write(changes, ordered=False)
    return len(rows), rows[-1]["_id"] if len(rows) == asked.limit else None


def _claim(
    collection: Collection[Document], same: Document, held: list[str], meant: list[str]
) -> None:
    """Let a resource have its keys, unless another one has them: then it has none."""
    if held == meant:
        return
    change = {"$set": {"c": meant}} if meant else {"$unset": {"c": ""}}
    with suppress(DuplicateKeyError):
        collection.update_one(same, change)
