"""Writes the search index of stored resources anew; what it says of a resource never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pymongo import UpdateOne

from fhir_server.resources import wire
from fhir_server.search.index import index
from fhir_server.store.failures import translated

if TYPE_CHECKING:
    from datetime import datetime

    from pymongo.database import Database

    from fhir_server.search.parameters import Parameters

Document = dict[str, Any]


class Slice(NamedTuple):
    """The next ``limit`` resources of a type; ``since``: only what was written then or later."""

    resource_type: str
    after: str
    limit: int
    since: datetime | None = None


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
    held = {"raw": 1, "at": 1, "v": 1, "t": 1, "ix": 1}
    with translated():
        rows = list(collection.find(wanted, held).sort("_id", 1).limit(asked.limit))
        changes = []
        for row in rows:
            text = wire.Text(row["raw"], row["at"]).stamped(row["v"], row["t"])
            made = index(wire.parse(text), parameters)
            if made != row["ix"]:
                same = {"_id": row["_id"], "v": row["v"]}
                changes.append(UpdateOne(same, {"$set": {"ix": made}}))
        if changes:
            collection.bulk_write(changes, ordered=False)
    return len(rows), rows[-1]["_id"] if len(rows) == asked.limit else None
