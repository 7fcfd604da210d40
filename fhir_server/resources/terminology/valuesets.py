"""A ValueSet as its parts: which codes of which system, by list, by filter, by other value sets.

https://hl7.org/fhir/R4/valueset.html#compositions
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fhir_server.resources.wire import Document

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"


@dataclass(frozen=True, slots=True)
class Part:
    """One include or exclude; ``listed`` is None where it lists no codes."""

    system: str | None
    version: str | None = None
    listed: Mapping[str, Document] | None = None
    filters: tuple[Document, ...] = ()
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A ValueSet to be asked; ``inactive`` says whether inactive codes belong to it."""

    url: str
    version: str
    name: str
    includes: tuple[Part, ...]
    excludes: tuple[Part, ...] = ()
    inactive: bool = True

    @property
    def systems(self) -> tuple[str, ...]:
        """The code systems that it names itself."""
        return tuple(dict.fromkeys(part.system for part in self.includes if part.system))


def value_set(document: Document) -> ValueSet:
    """Read a ValueSet; one with an expansion alone consists of what that lists."""
    compose = document.get("compose")
    if compose is None:
        includes, compose = _expanded(document.get("expansion", {})), {}
    else:
        includes = _parts(compose.get("include", ()))
    return ValueSet(
        url=document.get("url", ""),
        version=document.get("version", ""),
        name=document.get("title") or document.get("name") or document.get("url", ""),
        includes=includes,
        excludes=_parts(compose.get("exclude", ())),
        inactive=compose.get("inactive", True),
    )


def implied(url: str) -> ValueSet | None:
    """Give a value set that a code system implies by its url alone, such as SNOMED CT's."""
    if url == f"{LOINC}/vs":
        return ValueSet(url, "", "LOINC", (Part(LOINC),))
    base, mark, query = url.partition("?fhir_vs")
    if not mark or not base.startswith(SNOMED):
        return None
    kind, _, code = query.removeprefix("=").partition("/")
    version = None if base == SNOMED else base
    if kind == "isa" and code:
        row = {"property": "concept", "op": "is-a", "value": code}
        return ValueSet(url, "", url, (Part(SNOMED, version, filters=(row,)),))
    return ValueSet(url, "", url, (Part(SNOMED, version),)) if not query else None


def _parts(rows: Sequence[Document]) -> tuple[Part, ...]:
    return tuple(_part(row) for row in rows)


def _part(row: Document) -> Part:
    listed = None
    if "concept" in row:
        listed = {each["code"]: each for each in row["concept"] if "code" in each}
    return Part(
        system=row.get("system"),
        version=row.get("version"),
        listed=listed,
        filters=tuple(row.get("filter", ())),
        imports=tuple(row.get("valueSet", ())),
    )


def _expanded(expansion: Document) -> tuple[Part, ...]:
    by_system: dict[str, dict[str, Document]] = {}
    for row in _contained(expansion.get("contains", ())):
        if "code" in row and "system" in row and not row.get("abstract"):
            by_system.setdefault(row["system"], {})[row["code"]] = row
    return tuple(Part(system, listed=rows) for system, rows in by_system.items())


def _contained(rows: Sequence[Document]) -> Iterator[Document]:
    waiting = list(rows)
    while waiting:
        row = waiting.pop(0)
        yield row
        waiting[:0] = row.get("contains", ())
