"""Large code systems in the database: one collection for each edition that was loaded.

    _terminologies       {_id: collection, url, version, name, state, at, count, skipped, moment}
    _concepts.<edition>  {_id: code, d: display, n: designations, p: parents, a: ancestors, …}

An edition is ``loading`` until all of it is there, then ``ready`` in one step. The one before is
``old``: who is reading it may go on, and the next loading drops it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import BulkWriteError

from fhir_server.resources.terminology.concepts import Concept
from fhir_server.resources.terminology.words import words
from fhir_server.store.failures import translated
from fhir_server.store.versions import now

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from pymongo.database import Database

Document = dict[str, Any]

REGISTRY = "_terminologies"
PREFIX = "_concepts."
DUPLICATE = 11000
OLD_FOR = timedelta(hours=1)
INDEXES = [IndexModel([(field, ASCENDING)], sparse=True) for field in ("a", "p", "w")]


@dataclass(frozen=True, slots=True)
class Edition:
    """What is known of one edition; ``at`` is how many of its concepts were stored."""

    key: str
    url: str
    version: str
    name: str
    state: str
    at: int
    skipped: int
    moment: datetime


class Editions:
    """The editions of one database."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._registry = database[REGISTRY]

    def all(self) -> list[Edition]:
        """List every edition, the newest first."""
        with translated():
            return [_edition(row) for row in self._registry.find().sort("moment", -1)]

    def begin(self, url: str, version: str, name: str, fingerprint: str) -> Edition:
        """Open an edition for loading; the same content goes on where it stopped."""
        key = PREFIX + hashlib.sha256(f"{url}\n{version}\n{fingerprint}".encode()).hexdigest()[:16]
        new = {"url": url, "version": version, "name": name, "state": "loading"}
        counts = {"at": 0, "skipped": 0, "moment": now()}
        with translated():
            self._drop_old()
            self._registry.update_one({"_id": key}, {"$setOnInsert": new | counts}, upsert=True)
            found = self._registry.find_one({"_id": key})
        return _edition(found or {})

    def write(self, key: str, concepts: Sequence[tuple[Concept, Iterable[str]]]) -> int:
        """Store concepts, each with all codes above it; give how many were there before."""
        rows = [_row(concept, above) for concept, above in concepts]
        with translated():
            twice = self._insert(key, rows)
            moved = {"$inc": {"at": len(rows), "skipped": twice}}
            self._registry.update_one({"_id": key}, moved)
        return twice

    def finish(self, key: str) -> Edition:
        """Let an edition be used, in place of the one of the same system before."""
        with translated():
            self._database[key].create_indexes(INDEXES)
            count = self._database[key].count_documents({})
            ready = {"state": "ready", "at": count, "moment": now()}
            self._registry.update_one({"_id": key}, {"$set": ready})
            found = self._registry.find_one({"_id": key}) or {}
            others = {"url": found["url"], "state": "ready", "_id": {"$ne": key}}
            self._registry.update_many(others, {"$set": {"state": "old", "moment": now()}})
        return _edition(found)

    def drop(self, url: str) -> int:
        """Take a system out; give how many editions it had."""
        with translated():
            keys = [row["_id"] for row in self._registry.find({"url": url})]
            for key in keys:
                self._remove(key)
        return len(keys)

    def _insert(self, key: str, rows: list[Document]) -> int:
        try:
            self._database[key].insert_many(rows, ordered=False)
        except BulkWriteError as error:
            failures = error.details["writeErrors"]
            if any(each["code"] != DUPLICATE for each in failures):
                raise
            return len(failures)
        return 0

    def _drop_old(self) -> None:
        for row in self._registry.find({"state": "old", "moment": {"$lt": now() - OLD_FOR}}):
            self._remove(row["_id"])

    def _remove(self, key: str) -> None:
        self._registry.delete_one({"_id": key})
        self._database.drop_collection(key)


class Loaded:
    """A code system that was loaded; its concepts stay in the database."""

    complete = True
    is_ordered = True

    def __init__(self, database: Database[Document], edition: Edition, milliseconds: int) -> None:
        self.url = edition.url
        self.version = edition.version
        self.name = edition.name
        self.size = edition.at
        self._rows = database[edition.key]
        self._milliseconds = milliseconds
        self._kept: dict[str, Document | None] = {}

    def find(self, code: str) -> Concept | None:
        """Give one concept."""
        row = self._row(code)
        return _concept(row) if row else None

    def ancestors(self, code: str) -> frozenset[str]:
        """Give all codes above one."""
        row = self._row(code)
        return frozenset(row.get("a", ())) if row else frozenset()

    def descendants(self, code: str) -> frozenset[str]:
        """Give all codes below one."""
        return frozenset(self._codes({"a": code}))

    def children(self, code: str) -> Sequence[str]:
        """Give the codes directly below one."""
        return sorted(self._codes({"p": code}))

    def concepts(self, asked: Sequence[str] = (), below: str | None = None) -> Iterator[Concept]:
        """Give the concepts that match, by code."""
        wanted: Document = {} if below is None else {"a": below}
        begun = [{"w": {"$elemMatch": {"$gte": word, "$lt": word + "\uffff"}}} for word in asked]
        if begun:
            wanted["$and"] = begun
        with translated():
            rows = self._rows.find(wanted, {"w": 0}, batch_size=1000)
            for row in rows.sort("_id", ASCENDING).max_time_ms(self._milliseconds):
                yield _concept(row)

    def _codes(self, wanted: Document) -> Iterator[str]:
        with translated():
            rows = self._rows.find(wanted, {"_id": 1}, batch_size=100_000)
            for row in rows.max_time_ms(self._milliseconds):
                yield row["_id"]

    def _row(self, code: str) -> Document | None:
        if code not in self._kept:
            with translated():
                self._kept[code] = self._rows.find_one({"_id": code}, {"w": 0})
        return self._kept[code]


def _edition(row: Document) -> Edition:
    names = ("url", "version", "name", "state", "at", "skipped", "moment")
    return Edition(row["_id"], **{name: row[name] for name in names})


def _row(concept: Concept, above: Iterable[str]) -> Document:
    texts = (concept.code, *concept.names())
    row: Document = {
        "d": concept.display,
        "f": concept.definition,
        "n": list(concept.designations),
        "p": list(concept.parents),
        "a": sorted(above),
        "x": list(concept.properties),
        "w": sorted({word for text in texts for word in words(text)}),
        "s": concept.abstract,
        "i": concept.inactive,
    }
    return {"_id": concept.code, **{name: value for name, value in row.items() if value}}


def _concept(row: Document) -> Concept:
    return Concept(
        code=row["_id"],
        display=row.get("d", ""),
        definition=row.get("f", ""),
        parents=tuple(row.get("p", ())),
        designations=tuple(row.get("n", ())),
        properties=tuple(row.get("x", ())),
        abstract=row.get("s", False),
        inactive=row.get("i", False),
    )
