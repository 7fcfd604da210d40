"""A concept, what a code system must be able to say, and a code system that is one document.

https://hl7.org/fhir/R4/codesystem.html
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from fhir_server.resources.terminology.words import is_match

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.resources.wire import Document

UNORDERED = frozenset({"grouped-by", "part-of"})
"""Meanings of a hierarchy in which what is below is not a kind of what is above."""

_UPWARD = frozenset({"parent", "subsumedBy"})
_ABSTRACT = frozenset({"notSelectable", "abstract"})
_RETIRED = frozenset({"retired", "inactive"})


@dataclass(frozen=True, slots=True)
class Concept:
    """One code; ``designations`` and ``properties`` as the CodeSystem resource writes them."""

    code: str
    display: str = ""
    definition: str = ""
    parents: tuple[str, ...] = ()
    designations: tuple[Document, ...] = ()
    properties: tuple[Document, ...] = ()
    abstract: bool = False
    inactive: bool = False

    def named(self, language: str | None) -> str:
        """Give the display in a language (``id``, ``id-ID``), or the usual one."""
        for each in self.designations if language else ():
            if "value" in each and speaks(each.get("language", ""), language or ""):
                return str(each["value"])
        return self.display

    def names(self) -> Iterator[str]:
        """Give the display and all designations."""
        if self.display:
            yield self.display
        for each in self.designations:
            if "value" in each:
                yield each["value"]


def speaks(language: str, asked: str) -> bool:
    """Say whether a language tag answers to the one asked: ``id`` to ``id-ID`` and back."""
    one, other = language.casefold(), asked.casefold()
    short = min(one, other, key=len)
    return bool(short) and (one == other or max(one, other, key=len).startswith(f"{short}-"))


class System(Protocol):
    """A code system, wherever its concepts lie."""

    @property
    def url(self) -> str:
        """Its canonical url."""

    @property
    def version(self) -> str:
        """Its version, or nothing."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def complete(self) -> bool:
        """Whether a code that is not found is no code of it."""

    @property
    def is_ordered(self) -> bool:
        """Whether its hierarchy says what is a kind of what."""

    @property
    def size(self) -> int:
        """How many concepts it has."""

    def find(self, code: str) -> Concept | None:
        """Give one concept."""

    def ancestors(self, code: str) -> frozenset[str]:
        """Give all codes above one."""

    def descendants(self, code: str) -> frozenset[str]:
        """Give all codes below one."""

    def children(self, code: str) -> Sequence[str]:
        """Give the codes directly below one."""

    def concepts(self, asked: Sequence[str] = (), below: str | None = None) -> Iterator[Concept]:
        """Give the concepts whose code or names match the words asked, perhaps below one."""


class Listed:
    """A CodeSystem document in memory."""

    def __init__(self, document: Document) -> None:
        self.url: str = document.get("url", "")
        self.version: str = document.get("version", "")
        self.name: str = document.get("title") or document.get("name") or self.url
        self.complete = document.get("content") == "complete"
        self.is_ordered = document.get("hierarchyMeaning") not in UNORDERED
        self._concepts: dict[str, Concept] = {}
        self._children: dict[str, list[str]] = {}
        parents: dict[str, list[str]] = {}
        rows = list(_flat(document.get("concept", ()), None))
        for row, above in rows:
            parents.setdefault(row["code"], []).extend(_above(row, above))
            for below in _values(row, "child"):
                parents.setdefault(below, []).append(row["code"])
        for row, _ in rows:
            concept = _concept(row, tuple(dict.fromkeys(parents[row["code"]])))
            if self._concepts.setdefault(concept.code, concept) is concept:
                for each in concept.parents:
                    self._children.setdefault(each, []).append(concept.code)
        self._folded: dict[str, Concept] = {}
        if document.get("caseSensitive") is False:
            self._folded = {code.casefold(): each for code, each in self._concepts.items()}

    @property
    def size(self) -> int:
        """How many concepts it has."""
        return len(self._concepts)

    def find(self, code: str) -> Concept | None:
        """Give one concept; where case does not matter, in any case."""
        found = self._concepts.get(code)
        return found or self._folded.get(code.casefold()) if self._folded else found

    def children(self, code: str) -> Sequence[str]:
        """Give the codes directly below one."""
        return self._children.get(code, ())

    def ancestors(self, code: str) -> frozenset[str]:
        """Give all codes above one; a hierarchy that runs in a circle is walked once."""
        return self._reach(code, self._parents)

    def descendants(self, code: str) -> frozenset[str]:
        """Give all codes below one."""
        return self._reach(code, self.children)

    def concepts(self, asked: Sequence[str] = (), below: str | None = None) -> Iterator[Concept]:
        """Give the concepts that match, in the order of the document."""
        within = None if below is None else self.descendants(below)
        for concept in self._concepts.values():
            if within is not None and concept.code not in within:
                continue
            if not asked or is_match(asked, (concept.code, *concept.names())):
                yield concept

    def _parents(self, code: str) -> Sequence[str]:
        found = self._concepts.get(code)
        return found.parents if found else ()

    def _reach(self, code: str, step: Any) -> frozenset[str]:
        start = self.find(code)
        code = start.code if start else code
        found: set[str] = set()
        waiting = deque(step(code))
        while waiting:
            each = waiting.popleft()
            if each not in found and each != code:
                found.add(each)
                waiting.extend(step(each))
        return frozenset(found)


def _flat(rows: Sequence[Document], above: str | None) -> Iterator[tuple[Document, str | None]]:
    waiting = deque((row, above) for row in rows)
    while waiting:
        row, parent = waiting.popleft()
        if "code" not in row:
            continue
        yield row, parent
        waiting.extendleft((each, row["code"]) for each in reversed(row.get("concept", ())))


def _above(row: Document, nested_in: str | None) -> Iterator[str]:
    if nested_in is not None:
        yield nested_in
    for name in _UPWARD:
        yield from _values(row, name)


def _values(row: Document, name: str) -> Iterator[str]:
    for each in row.get("property", ()):
        if each.get("code") == name and isinstance(value := value_of(each), str):
            yield value


def value_of(row: Document) -> Any:
    """Give the value of a ``value[x]``, whatever its type."""
    return next((value for name, value in row.items() if name.startswith("value")), None)


def _concept(row: Document, parents: tuple[str, ...]) -> Concept:
    properties = tuple(each for each in row.get("property", ()) if "code" in each)
    flags = {each["code"] for each in properties if value_of(each) is True}
    states = {str(value_of(each)) for each in properties if each["code"] == "status"}
    return Concept(
        code=row["code"],
        display=row.get("display", ""),
        definition=row.get("definition", ""),
        parents=parents,
        designations=tuple(row.get("designation", ())),
        properties=properties,
        abstract=not flags.isdisjoint(_ABSTRACT),
        inactive="inactive" in flags or not states.isdisjoint(_RETIRED),
    )
