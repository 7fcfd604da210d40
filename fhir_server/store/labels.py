"""Profiles, tags and security labels in use, read from the index.

https://hl7.org/fhir/R4/resource-operation-meta.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.errors import TooLarge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

FIELDS = ("_profile", "_tag", "_security")
MOST = 10_000


def labels(
    database: Database[dict[str, Any]], types: Sequence[str], time_limit_ms: int
) -> dict[str, list[str]]:
    """Give by field each entry that the current versions of these types have in the index."""
    found: dict[str, set[str]] = {name: set() for name in FIELDS}
    for kind in types:
        for name in FIELDS:
            found[name].update(_used(database, kind, name, time_limit_ms))
    return {name: sorted(entries) for name, entries in found.items()}


def _used(
    database: Database[dict[str, Any]], kind: str, name: str, time_limit_ms: int
) -> list[str]:
    stages: list[dict[str, Any]] = [
        {"$match": {f"ix.{name}": {"$gt": ""}}},
        {"$unwind": f"$ix.{name}"},
        {"$group": {"_id": f"$ix.{name}"}},
        {"$limit": MOST + 1},
    ]
    rows = [each["_id"] for each in database[kind].aggregate(stages, maxTimeMS=time_limit_ms)]
    if len(rows) > MOST:
        raise TooLarge(f"{kind} has more than {MOST} different labels; ask single resources.")
    return rows
