"""Reading current versions by id, those asked at the same moment in one query for each type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.store import versions
from fhir_server.store.bulk import newest_past
from fhir_server.store.coalesce import Coalescer
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

    from fhir_server.store.ops import Stored

Document = dict[str, Any]


class Reader:
    """Reads from one database."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._by_type: dict[str, Coalescer[str, Document | None]] = {}

    def read(self, resource_type: str, resource_id: str) -> Stored | None:
        """Give the current version, else the deletion (one round trip more), else None."""
        coalescer = self._by_type.get(resource_type) or self._coalescer(resource_type)
        found = coalescer.ask(resource_id)
        if found is None:
            found = aside(lambda: newest_past(self._database, resource_type, resource_id))
        return versions.stored(resource_type, found) if found else None

    def _coalescer(self, resource_type: str) -> Coalescer[str, Document | None]:
        collection = self._database[resource_type]

        def find(ids: Sequence[str]) -> list[Document | None]:
            if len(ids) == 1:
                return [collection.find_one({"_id": ids[0]}, versions.READ)]
            wanted = {"_id": {"$in": list(set(ids))}}
            found = {row["_id"]: row for row in collection.find(wanted, versions.READ)}
            return [found.get(resource_id) for resource_id in ids]

        return self._by_type.setdefault(resource_type, Coalescer(find))
