"""Whom an access has touched: the patients that an answer names, or that the resource is about.

What an answer names is read off while the answer is at hand; the rest is looked up after it is
sent, by the thread that writes the trail.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from fhir_server.store import traces, versions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pymongo.database import Database

Key = tuple[str, str]

_NAMED: Final = re.compile(
    rb"Patient/(?<=[\"/]Patient/)([A-Za-z0-9.\-]{1,64})(?=[\"/|#?])"  # begins with text: is fast
)


def named(body: bytes) -> Collection[str]:
    """Give the ids of all patients that JSON refers to or has as an entry, each once."""
    found = _NAMED.findall(body)
    return {each.decode() for each in set(found)} if found else ()


def looked_up(
    database: Database[dict[str, Any]], wanted: Iterable[Key]
) -> dict[Key, tuple[str, ...]]:
    """Give the patients of resources whose content no answer has shown: by their index."""
    by_type: dict[str, set[str]] = {}
    for kind, identity in wanted:
        by_type.setdefault(kind, set()).add(identity)
    found: dict[Key, tuple[str, ...]] = {}
    for kind, ids in by_type.items():
        rows = database[kind].find({"_id": {"$in": sorted(ids)}}, {"ix.patient": 1})
        for row in rows:
            found[kind, row["_id"]] = traces.of_index(kind, row["_id"], row.get("ix"))
        for identity in ids:
            if (kind, identity) not in found:
                found[kind, identity] = _of_past(database, kind, identity)
    return found


def _of_past(database: Database[dict[str, Any]], kind: str, identity: str) -> tuple[str, ...]:
    """Give the patients of what was deleted, by its last content."""
    if kind == "Patient":
        return (identity,)
    wanted = {**versions.range_of(identity), "raw": {"$exists": True}}
    row = database[versions.past_name(kind)].find_one(wanted, {"raw": 1}, sort=[("_id", -1)])
    return tuple(sorted(named(bytes(row["raw"])))) if row else ()
