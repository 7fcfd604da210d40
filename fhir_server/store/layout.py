"""Collections and their indexes: which queries are fast. One page, read it whole.

Collections and indexes are made when a process first writes a type, never inside a transaction;
the command changes nothing where they are already there, so processes may race.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import CollectionInvalid

from fhir_server.store.versions import past_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.database import Database

Keys = tuple[tuple[str, int], ...]

GUARDS, TALLIES, SECRETS = "_guards", "_tallies", "_secrets"
OWN = frozenset({GUARDS, TALLIES})

BY_TIME: Keys = (("t", ASCENDING), ("_id", ASCENDING))


def indexes(resource_type: str) -> list[Keys]:
    """List the indexes of the current versions of one type, beside ``_id``."""
    del resource_type
    return [BY_TIME]


class Layout:
    """Makes what is missing, once a process."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._made: set[str] = set()
        self._lock = threading.Lock()

    def prepare(self, resource_types: Iterable[str]) -> None:
        """Make collections and indexes of these types unless this process has seen them."""
        missing = set(resource_types) - self._made
        if not missing:
            return
        with self._lock:
            for resource_type in sorted(missing - self._made):
                self._make(resource_type)
                self._made.add(resource_type)

    def types(self) -> list[str]:
        """List the resource types that were ever written."""
        names = self._database.list_collection_names()
        return sorted(name for name in names if name.isalpha() and name[0].isupper())

    def prepare_own(self) -> None:
        """Make the collections of guards and counters, for transactions to write into."""
        if self._made >= OWN:
            return
        with self._lock:
            for name in sorted(OWN - self._made):
                with contextlib.suppress(CollectionInvalid):
                    self._database.create_collection(name, check_exists=False)
                self._made.add(name)

    def _make(self, resource_type: str) -> None:
        current = [IndexModel(list(keys)) for keys in indexes(resource_type)]
        self._database[resource_type].create_indexes(current)
        self._database[past_name(resource_type)].create_indexes([IndexModel(list(BY_TIME))])
