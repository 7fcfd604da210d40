"""The StructureDefinitions in the database, beside ours and HL7's: one library, always fresh.

A process keeps the compiled profiles. One small query on the index of times says whether any
StructureDefinition was written or deleted since, in whatever process: before each use, or once a
second where that is enough.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.profiles import load_profiles
from fhir_server.resources.profiles.library import Library
from fhir_server.store.coalesce import Coalescer
from fhir_server.store.failures import translated
from fhir_server.store.versions import WHOLE, past_name, text_of

if TYPE_CHECKING:
    from pymongo.database import Database

    from fhir_server.resources.wire import Document

KIND = "StructureDefinition"
SKEW = timedelta(minutes=1)
"""So far the clocks of two processes may differ: what is written now has no earlier time."""

RECENT_SECONDS = 1.0

Stamp = tuple[int, int, datetime]
_START = datetime(1970, 1, 1, tzinfo=UTC)


class Profiles:
    """Gives the library of profiles of one database; safe for threads."""

    def __init__(self, database: Database[dict[str, Any]], canonical: str) -> None:
        self._database = database
        self._canonical = canonical
        self._lock = threading.Lock()
        self._known: tuple[Stamp | None, datetime, Library | None] = (None, _START, None)
        self._asked = 0.0
        self._now: Coalescer[None, Library] = Coalescer(
            lambda asking: [self._current()] * len(asking)
        )

    @cached_property
    def _bundled(self) -> list[Document]:
        return [each for each in load_profiles(self._canonical) if each["resourceType"] == KIND]

    def recent(self) -> Library:
        """Give the profiles as they were at most a second ago."""
        library = self._known[2]
        if library is not None and time.monotonic() - self._asked < RECENT_SECONDS:
            return library
        return self.library()

    def changed(self) -> None:
        """Look again before the next use: this process has just written one."""
        self._asked = 0.0

    def library(self) -> Library:
        """Give the profiles as they are now: one round trip, shared by who asks at once."""
        return self._now.ask(None)

    def _current(self) -> Library:
        self._asked = time.monotonic()
        stamp, since, library = self._known
        with translated():
            later = self._later(since)
            if library is not None and self._stamp(since) == stamp:
                if later is not None:
                    self._known = (*later, library)
                return library
            with self._lock:
                return self._loaded()

    def _later(self, since: datetime) -> tuple[Stamp, datetime] | None:
        """Move on what is looked at for changes, so that it stays small."""
        beginning = datetime.now(UTC) - SKEW
        if beginning - since < SKEW:
            return None
        return self._stamp(beginning), beginning

    def _loaded(self) -> Library:
        since = datetime.now(UTC) - SKEW
        stamp = self._stamp(since)  # before reading: what is written meanwhile is read again
        rows = self._database[KIND].find({}, WHOLE).sort("t", 1)
        stored: list[Document] = [orjson.loads(text_of(row)) for row in rows]
        library = Library(load_definitions(), [*self._bundled, *stored])
        self._known = (stamp, since, library)
        return library

    def _stamp(self, since: datetime) -> Stamp:
        """Count what was written since a moment, and say when the last of it was."""
        recent = {"$match": {"t": {"$gte": since}}}
        past = [
            {"$match": {"t": {"$gte": since}, "raw": {"$exists": False}}},
            {"$project": {"t": 1, "v": "$_id.v"}},
        ]
        stages: list[dict[str, Any]] = [
            recent,
            {"$project": {"t": 1, "v": 1}},
            {"$unionWith": {"coll": past_name(KIND), "pipeline": past}},
            {"$group": {"_id": None, "n": {"$sum": 1}, "v": {"$sum": "$v"}, "t": {"$max": "$t"}}},
        ]
        for row in self._database[KIND].aggregate(stages):
            return row["n"], row["v"], row["t"]
        return 0, 0, _START
