"""Terminology that is in the database: what clients stored, and the large systems that were loaded.

A view of it (``now``) asks the database for each name once, so what another process has stored a
moment ago takes part. What was read and parsed is kept by version.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.resources.terminology import Terminology, bundled
from fhir_server.resources.terminology.concepts import Listed
from fhir_server.store.editions import Editions, Loaded
from fhir_server.store.failures import translated
from fhir_server.store.versions import WHOLE, text_of

if TYPE_CHECKING:
    from pymongo.database import Database

    from fhir_server.config import Settings
    from fhir_server.resources.terminology.concepts import System

Document = dict[str, Any]
Key = tuple[str, str, int]

KEPT = 256
"""Parsed resources that a process keeps."""

MOST_MAPS = 1000
FIELDS = {"CodeSystem": "ix.system", "ValueSet": "ix.url", "ConceptMap": "ix.url"}
"""Where the index has the url; ``url`` and ``system`` of a CodeSystem are one field."""

HEAD = {"v": 1, "t": 1, "ix.status": 1, "ix.version": 1}


class Terminologies:
    """What the database knows of terminology; safe for threads."""

    def __init__(self, database: Database[Document], settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self.editions = Editions(database)
        self._kept = _Kept(database)

    def now(self) -> Terminology:
        """Give a view of the terminology for one request."""
        own = bundled(self._settings.canonical)
        shelf = _Shelf(self._database, self._settings, self._kept)
        return Terminology(own, shelf, limit=self._settings.expansion_limit)

    def systems(self) -> dict[str, str]:
        """Name the code systems that are here, with their versions (or nothing)."""
        wanted = {"ix.content-mode": "complete"}
        with translated():
            rows = self._database["CodeSystem"].find(wanted, {"ix.system": 1, "ix.version": 1})
            stored = {str(row["ix"]["system"]): _plain(row["ix"]) for row in rows}
        loaded = {each.url: each.version for each in self.editions.all() if each.state == "ready"}
        return stored | loaded | dict(bundled(self._settings.canonical).systems())


class _Kept:
    """Resources as they were parsed, by type, id and version; the least used go first."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._parsed: dict[Key, Any] = {}
        self._lock = threading.Lock()

    def get(self, kind: str, head: Document) -> Any:
        key = (kind, head["_id"], head["v"])
        with self._lock:
            found = self._parsed.pop(key, None)
            if found is not None:
                self._parsed[key] = found
                return found
        row = self._database[kind].find_one({"_id": head["_id"]}, WHOLE)
        if row is None:
            return None
        document = orjson.loads(text_of(row))
        parsed = Listed(document) if kind == "CodeSystem" else document
        with self._lock:
            self._parsed[kind, head["_id"], row["v"]] = parsed
            while len(self._parsed) > KEPT:
                del self._parsed[next(iter(self._parsed))]
        return parsed


class _Shelf:
    """The database as a source of one view."""

    def __init__(self, database: Database[Document], settings: Settings, kept: _Kept) -> None:
        self._database = database
        self._settings = settings
        self._kept = kept
        self._loaded: dict[str, Loaded] | None = None

    def code_system(self, url: str, version: str | None = None) -> System | None:
        """Give a system that was loaded, or else the stored CodeSystem if it has concepts."""
        loaded = self._editions().get(url)
        if loaded is not None and version in {None, loaded.version}:
            return loaded
        found: Listed | None = self._stored("CodeSystem", url, version)
        return found if found is not None and (found.size or found.complete) else None

    def find(self, kind: str, url: str, version: str | None = None) -> Document | None:
        """Give a stored ValueSet or ConceptMap, by url or ``ValueSet/id``."""
        found: Document | None = self._stored(kind, url, version)
        return found

    def concept_maps(self) -> list[Document]:
        """Give all stored maps that are not retired."""
        with translated():
            heads = list(self._database["ConceptMap"].find({}, HEAD).limit(MOST_MAPS))
            found = [self._kept.get("ConceptMap", head) for head in heads]
        return [each for each in found if each and each.get("status") != "retired"]

    def _stored(self, kind: str, url: str, version: str | None) -> Any:
        if not url:
            return None
        local = url.startswith(f"{kind}/")
        wanted = {"_id": url.partition("/")[2]} if local else {FIELDS[kind]: url}
        with translated():
            heads = list(self._database[kind].find(wanted, HEAD).limit(MOST_MAPS))
            for head in sorted(heads, key=_worth, reverse=True):
                found = self._kept.get(kind, head)
                if found is not None and version in {None, _version(found)}:
                    return found
        return None

    def _editions(self) -> dict[str, Loaded]:
        if self._loaded is None:
            time = self._settings.query_time_limit_ms
            with translated():
                ready = [each for each in Editions(self._database).all() if each.state == "ready"]
            self._loaded = {
                each.url: Loaded(self._database, each, time) for each in reversed(ready)
            }
        return self._loaded


def _plain(index: Document) -> str:
    version = index.get("version", "")
    return str(version[0] if isinstance(version, list) else version)


def _worth(head: Document) -> tuple[bool, Any]:
    """Put an active resource before a draft or a retired one, then the newest first."""
    status = str(head.get("ix", {}).get("status", ""))
    return "active" in status, head["t"]


def _version(found: Any) -> str | None:
    return found.version if isinstance(found, Listed) else found.get("version")
