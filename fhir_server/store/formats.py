"""Which format the data of a database have, and how far they were brought up to another.

    _format  {_id: "format", number, step, after}

``number`` is the format; while a migration runs, ``step`` is the one that it leads to, and
``after`` what was done of it. An empty database gets the present format from the first who opens
it. One that has data and no number was written before there were numbers: format 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import WriteConcern

from fhir_server.errors import Unavailable
from fhir_server.store.failures import translated

if TYPE_CHECKING:
    from pymongo.database import Database

FORMAT = 1
"""What this server writes. Each number has its migration, and data of it in tests/store/formats."""
FORMATS = "_format"
ONE: dict[str, Any] = {"_id": "format"}


class Formats:
    """The format of one database."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._kept = database[FORMATS]

    def begin(self) -> None:
        """Give an empty database the present format; costs one query where there is one."""
        with translated():
            if self._kept.find_one(ONE) or self._database.list_collection_names():
                return
            fast = self._kept.with_options(write_concern=WriteConcern(w=1))
            fast.update_one(ONE, {"$setOnInsert": {"number": FORMAT}}, upsert=True)

    def number(self) -> int:
        """Give the format of the data; Unavailable if it is a newer one than this server knows."""
        with translated():
            found = self._kept.find_one(ONE)
        number = int(found.get("number", 0)) if found else 0
        if number > FORMAT:
            raise Unavailable(
                f"The data of {self._database.name} have format {number}, written by a newer "
                f"fhir-server; this one knows formats up to {FORMAT}. Start the newer one, or "
                "restore a backup that was made before."
            )
        return number

    def begun(self, step: int) -> dict[str, str]:
        """Give what was done of a migration before it was cut off, as ``reached`` noted it."""
        with translated():
            found = self._kept.find_one(ONE) or {}
        return dict(found.get("after") or {}) if found.get("step") == step else {}

    def reached(self, step: int, after: dict[str, str]) -> None:
        """Note how far a migration has come."""
        with translated():
            self._kept.update_one(ONE, {"$set": {"step": step, "after": after}}, upsert=True)

    def finish(self, step: int) -> None:
        """Note that the data have a format now; never a lower one than they had."""
        done = {"$max": {"number": step}, "$unset": {"step": "", "after": ""}}
        with translated():
            self._kept.update_one(ONE, done, upsert=True)
