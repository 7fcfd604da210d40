"""What comes with the server: R4's own code systems, value sets and maps, and ours.

They are what they are: a stored resource of the same url takes no part. Each is read when it is
first asked for.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from fhir_server.config import CANONICAL
from fhir_server.resources.profiles.files import load_profiles
from fhir_server.resources.terminology.concepts import Listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.resources.terminology.concepts import System
    from fhir_server.resources.wire import Document

_FILES = {"CodeSystem": "codesystems", "ValueSet": "valuesets", "ConceptMap": "conceptmaps"}
_rows = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Bundled:
    """R4's terminology and that of ``profiles/`` below one canonical base."""

    def __init__(self, canonical: str = CANONICAL) -> None:
        self._canonical = canonical
        self._systems: dict[str, System] = {}

    def systems(self) -> Iterator[tuple[str, str]]:
        """Name all code systems with their versions."""
        for url in self.urls("CodeSystem"):
            found = self.find("CodeSystem", url) or {}
            yield url, found.get("version", "")

    def urls(self, kind: str) -> Iterator[str]:
        """Name all resources of a type."""
        yield from _packed(kind)
        yield from _ours(self._canonical, kind)

    def code_system(self, url: str, version: str | None = None) -> System | None:
        """Give a code system, if it is here in this version."""
        if url not in self._systems:
            document = self.find("CodeSystem", url)
            if document is None:
                return None
            self._systems[url] = Listed(document)
        found = self._systems[url]
        return found if version in {None, found.version} else None

    def find(self, kind: str, url: str, version: str | None = None) -> Document | None:
        """Give a resource by its url, if it is here in this version."""
        raw = _packed(kind).get(url)
        found = orjson.loads(raw) if raw is not None else _ours(self._canonical, kind).get(url)
        return found if found and version in {None, found.get("version")} else None

    def concept_maps(self) -> list[Document]:
        """Give all maps."""
        own = _ours(self._canonical, "ConceptMap").values()
        return [*(orjson.loads(raw) for raw in _packed("ConceptMap").values()), *own]


@cache
def bundled(canonical: str = CANONICAL) -> Bundled:
    """Give what comes with the server; one for each process."""
    return Bundled(canonical)


@cache
def _packed(kind: str) -> dict[str, bytes]:
    """Read a data file without reading its rows."""
    name = _FILES[kind]
    whole = (files("fhir_server.resources") / "data" / f"{name}.json").read_bytes()
    rows: dict[str, Any] = _rows.decode(_rows.decode(whole)[name])
    return {url: bytes(raw) for url, raw in rows.items()}


@cache
def _ours(canonical: str, kind: str) -> dict[str, Document]:
    rows = load_profiles(canonical)
    return {each["url"]: each for each in rows if each["resourceType"] == kind}
