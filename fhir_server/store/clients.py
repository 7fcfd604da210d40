"""The clients that may ask, and the numbers of assertions that were used.

``_clients`` has one document for each client; ``_assertions`` {_id: {client, n}, expires} is
emptied by the database when their time is over, as is ``_revoked`` {_id, expires}, the numbers of
tokens that were given back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from fhir_server.store.failures import translated

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]

CLIENTS, ASSERTIONS, REVOKED = "_clients", "_assertions", "_revoked"


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients as documents; what they mean is ``auth``'s."""

    database: Database[Document]

    def add(self, document: Document) -> bool:
        """Register a client; False if there is one with this id."""
        with translated():
            try:
                self.database[CLIENTS].insert_one(document)
            except DuplicateKeyError:
                return False
        return True

    def change(self, client_id: str, new: Document) -> bool:
        """Change what is known of a client; False if there is none."""
        with translated():
            done = self.database[CLIENTS].update_one({"_id": client_id}, {"$set": new})
        return bool(done.matched_count)

    def find(self, client_id: str) -> Document | None:
        """Give one client."""
        with translated():
            return self.database[CLIENTS].find_one({"_id": client_id})

    def all(self) -> list[Document]:
        """Give all clients by name."""
        with translated():
            return list(self.database[CLIENTS].find().sort("_id", ASCENDING))

    def any(self) -> bool:
        """Tell whether a client was ever registered: then nobody is answered without a token."""
        with translated():
            return self.database[CLIENTS].find_one({}, {"_id": 1}) is not None

    def revoke(self, number: str, expires: int) -> None:
        """Note the number of a token that is good no more."""
        with translated():
            revoked = self.database[REVOKED]
            revoked.create_index("expires", expireAfterSeconds=60)
            over = {"expires": datetime.fromtimestamp(expires, UTC)}
            revoked.update_one({"_id": number}, {"$set": over}, upsert=True)

    def revoked(self) -> frozenset[str]:
        """Give the numbers of tokens that would be good, but were given back."""
        with translated():
            return frozenset(each["_id"] for each in self.database[REVOKED].find({}, {"_id": 1}))

    def use(self, client_id: str, number: str, expires: int) -> bool:
        """Note the number of an assertion; False if it was used before."""
        over = datetime.fromtimestamp(expires, UTC)
        with translated():
            used = self.database[ASSERTIONS]
            used.create_index("expires", expireAfterSeconds=60)
            try:
                used.insert_one({"_id": {"client": client_id, "n": number}, "expires": over})
            except DuplicateKeyError:
                return False
        return True
