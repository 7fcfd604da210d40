"""The codes of a value set, one after another, as far as they are wanted.

https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fhir_server.errors import NotFound, TooCostly
from fhir_server.resources.terminology.concepts import Concept
from fhir_server.resources.terminology.filters import start
from fhir_server.resources.terminology.view import DEEPEST
from fhir_server.resources.terminology.words import is_match

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.resources.terminology.concepts import System
    from fhir_server.resources.terminology.valuesets import Part, ValueSet
    from fhir_server.resources.terminology.view import View
    from fhir_server.resources.wire import Document

COUNTED = 1000
"""Codes after a page that are counted to tell the total."""

EFFORT = 50
"""So many times the limit may be looked at to find what is wanted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of an expansion is wanted; ``asked`` are words that must begin words of the names."""

    asked: tuple[str, ...] = ()
    offset: int = 0
    count: int | None = None
    active: bool = False
    selectable: bool = False
    limit: int = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """One code of an expansion, with its concept as the value set wants it shown."""

    system: str
    version: str
    concept: Concept


@dataclass(frozen=True, slots=True)
class Expanded:
    """A page of an expansion; ``total`` is None where counting on would cost too much."""

    rows: tuple[Row, ...]
    total: int | None
    versions: tuple[tuple[str, str], ...]


def expand(view: View, value_set: ValueSet, wanted: Wanted) -> Expanded:
    """List the codes of a value set.

    Raises NotFound where something it needs is not loaded, TooCostly past the limit.
    """
    walk = _Walk(view, wanted)
    if wanted.offset + (wanted.count or 0) > wanted.limit:
        raise _too_many(value_set, wanted.limit)
    last = None if wanted.count is None else wanted.offset + wanted.count
    end = wanted.limit if last is None else min(last + COUNTED, wanted.limit)
    page: list[Row] = []
    number = 0
    for row in walk.rows(value_set):
        if number >= end:
            if last is None:
                raise _too_many(value_set, wanted.limit)
            return Expanded(tuple(page), None, tuple(walk.used))
        if number >= wanted.offset and (last is None or number < last):
            page.append(row)
        number += 1
    return Expanded(tuple(page), number, tuple(walk.used))


def _too_many(value_set: ValueSet, limit: int) -> TooCostly:
    return TooCostly(
        f"The expansion of {value_set.url or 'this value set'} passes {limit} codes "
        "(FHIR_EXPANSION_LIMIT). Ask for a part of it by filter, or by offset and count below that."
    )


class _Walk:
    """Goes through a value set once; each code comes once."""

    def __init__(self, view: View, wanted: Wanted) -> None:
        self._view = view
        self._wanted = wanted
        self._left = wanted.limit * EFFORT
        self.used: dict[tuple[str, str], None] = {}

    def rows(self, value_set: ValueSet, depth: int = 0) -> Iterator[Row]:
        """Give the rows of a value set in the order of its parts."""
        if depth > DEEPEST:
            raise TooCostly(f"Value sets import one another more than {DEEPEST} times deep.")
        seen: set[tuple[str, str]] = set()
        only_active = self._wanted.active or not value_set.inactive
        for part in value_set.includes:
            for row in self._of(part, depth):
                self._spend(value_set)
                key = (row.system, row.concept.code)
                if key in seen or (only_active and row.concept.inactive):
                    continue
                if self._wanted.selectable and row.concept.abstract:
                    continue
                if not self._is_excluded(value_set, row):
                    seen.add(key)
                    yield row

    def _spend(self, value_set: ValueSet) -> None:
        self._left -= 1
        if self._left < 0:
            raise _too_many(value_set, self._wanted.limit)

    def _is_excluded(self, value_set: ValueSet, row: Row) -> bool:
        if not value_set.excludes:
            return False
        coding = {"system": row.system, "code": row.concept.code}
        excluded = replace(value_set, includes=value_set.excludes, excludes=(), inactive=True)
        verdict = self._view.is_in(excluded, coding)
        if verdict is None:
            raise self._unknown()
        return verdict

    def _of(self, part: Part, depth: int) -> Iterator[Row]:
        if part.system is not None:
            yield from self._common(self._own(part, part.system), part.imports)
        elif part.imports:
            yield from self._common(self._imported(part.imports[0], depth), part.imports[1:])

    def _common(self, rows: Iterator[Row], urls: tuple[str, ...]) -> Iterator[Row]:
        for row in rows:
            coding = {"system": row.system, "code": row.concept.code}
            verdicts = [self._view.member(url, coding) for url in urls]
            if None in verdicts and False not in verdicts:
                raise self._unknown()
            if all(verdicts):
                yield row

    def _imported(self, url: str, depth: int) -> Iterator[Row]:
        found = self._view.value_set(url)
        if found is None:
            raise self._unknown()
        self._spend(found)
        yield from self.rows(found, depth + 1)

    def _own(self, part: Part, url: str) -> Iterator[Row]:
        system = self._view.code_system(url, part.version)
        version = system.version if system else part.version or ""
        if system is not None:
            self.used[url, version] = None
        if part.listed is not None:
            concepts = self._listed(part, system)
        elif system is None or not system.complete:
            raise self._unknown(url)
        else:
            concepts = self._filtered(part, system)
        yield from (Row(url, version, concept) for concept in concepts)

    def _listed(self, part: Part, system: System | None) -> Iterator[Concept]:
        for code, row in (part.listed or {}).items():
            found = (system.find(code) if system else None) or Concept(code)
            shown = _as_listed(found, row)
            if not self._wanted.asked or is_match(self._wanted.asked, (code, *shown.names())):
                yield shown

    def _filtered(self, part: Part, system: System) -> Iterator[Concept]:
        tests = [self._view.passes(system, row) for row in part.filters]
        for concept in self._candidates(part, system):
            self._left -= 1
            if self._left < 0:
                raise TooCostly(f"Too many codes of {system.url} would have to be looked at.")
            if all(test(concept) for test in tests):
                yield concept

    def _candidates(self, part: Part, system: System) -> Iterator[Concept]:
        top = start(part.filters)
        if top is None:
            yield from system.concepts(self._wanted.asked)
            return
        code, itself = top
        found = system.find(code) if itself else None
        if found and (not self._wanted.asked or _is_asked(self._wanted.asked, found)):
            yield found
        yield from system.concepts(self._wanted.asked, below=code)

    def _unknown(self, url: str = "") -> NotFound:
        names = [f"{kind} {name}" for name, kind in self._view.missing.items()] or [url]
        return NotFound(
            f"This cannot be expanded, for it is not loaded here: {', '.join(names)}.",
        )


def _is_asked(asked: tuple[str, ...], concept: Concept) -> bool:
    return is_match(asked, (concept.code, *concept.names()))


def _as_listed(concept: Concept, row: Document) -> Concept:
    """Show a concept as the value set that lists it wants: its display, its designations too."""
    display = row.get("display", concept.display)
    designations = (*concept.designations, *row.get("designation", ()))
    return replace(concept, code=row["code"], display=display, designations=designations)
