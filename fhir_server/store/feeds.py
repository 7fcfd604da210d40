"""How far each organization has acknowledged its feed.

_feeds  {_id: organization, n: number of the last row of the outbox that it has, t: since when}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.store.failures import translated
from fhir_server.store.versions import now

if TYPE_CHECKING:
    from pymongo.database import Database

FEEDS = "_feeds"


class Feeds:
    """The acknowledgements of one database."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._feeds = database[FEEDS]

    def acknowledged(self, organization: str) -> int:
        """Give the number up to which an organization has what its feed told; 0 at first."""
        with translated():
            found = self._feeds.find_one({"_id": organization}, {"n": 1})
        return int(found["n"]) if found else 0

    def acknowledge(self, organization: str, n: int) -> int:
        """Note that an organization has everything up to a number; give what is noted then.

        It never goes back: an older acknowledgement that comes late changes nothing.
        """
        with translated():
            self._feeds.update_one(
                {"_id": organization}, {"$max": {"n": n}, "$set": {"t": now()}}, upsert=True
            )
        return self.acknowledged(organization)
