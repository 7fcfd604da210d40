"""Terminology as one request sees it: who belongs to what, and what is a kind of what.

What is not loaded is unknown, and unknown is None: never yes, and never no.

https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from fhir_server.resources.terminology.filters import accept
from fhir_server.resources.terminology.valuesets import implied, value_set
from fhir_server.resources.terminology.verdicts import every, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fhir_server.resources.terminology.concepts import Concept, System
    from fhir_server.resources.terminology.valuesets import Part, ValueSet
    from fhir_server.resources.terminology.verdicts import Verdict
    from fhir_server.resources.wire import Document

DEEPEST = 30
"""Value sets that may import one another in a row."""


class Source(Protocol):
    """Where terminology is found."""

    def code_system(self, url: str, version: str | None = None) -> System | None:
        """Give a code system, if it is here in this version."""

    def find(self, kind: str, url: str, version: str | None = None) -> Document | None:
        """Give a ValueSet or ConceptMap by its url, if it is here in this version."""

    def concept_maps(self) -> list[Document]:
        """Give all maps."""


class View:
    """What is loaded, as one request sees it; it remembers what it has looked up.

    ``missing`` names what was asked for and is not loaded, ``limit`` is how many codes are listed.
    """

    def __init__(self, *sources: Source, limit: int = 10_000) -> None:
        self.limit = limit
        self._sources = sources
        self._systems: dict[tuple[str, str | None], System | None] = {}
        self._value_sets: dict[str, ValueSet | None] = {}
        self._tests: dict[tuple[int, str], Any] = {}
        self.missing: dict[str, str] = {}

    def member(self, url: str, coding: Mapping[str, Any]) -> Verdict:
        """Say whether a coding is in a value set, or None where that cannot be known.

        A coding without system is tried with every system that the value set names.
        """
        found = self.value_set(url)
        if found is None:
            return None
        return self.is_in(found, coding)

    def is_in(self, found: ValueSet, coding: Mapping[str, Any]) -> Verdict:
        """Say whether a coding is in a value set that is at hand."""
        code = coding.get("code")
        if not code:
            return False
        version = coding.get("version")
        asked = _Asked(self, code, version)
        systems = [coding["system"]] if coding.get("system") else self._named(found, 0)
        return some(asked.belongs(found, system) for system in systems)

    def known(self, system: str, code: str, version: str | None = None) -> Verdict:
        """Say whether a code is one of its system, or None where that cannot be known."""
        found = self.code_system(system, version)
        if found is None:
            return None
        if found.find(code) is not None:
            return True
        return False if found.complete else None

    def display(self, system: str, code: str, language: str | None = None) -> str | None:
        """Give what a code is called, or None."""
        concept = self.concept(system, code)
        return (concept.named(language) or None) if concept else None

    def concept(self, system: str, code: str, version: str | None = None) -> Concept | None:
        """Give a concept, or None if it is not known."""
        found = self.code_system(system, version)
        return found.find(code) if found else None

    def subsumes(self, system: str, above: str, code: str) -> Verdict:
        """Say whether ``above`` is the code itself or lies above it; None: cannot be known."""
        found = self.code_system(system)
        if found is None or not found.is_ordered:
            return None
        one, other = found.find(above), found.find(code)
        if one is None or other is None:
            return None
        return one.code == other.code or one.code in found.ancestors(other.code)

    def descendants(self, system: str, code: str) -> frozenset[str] | None:
        """Give all codes below one, or None where that cannot be known."""
        found = self.code_system(system)
        return None if found is None or found.find(code) is None else found.descendants(code)

    def ancestors(self, system: str, code: str) -> frozenset[str] | None:
        """Give all codes above one, or None where that cannot be known."""
        found = self.code_system(system)
        return None if found is None or found.find(code) is None else found.ancestors(code)

    def code_system(self, url: str, version: str | None = None) -> System | None:
        """Give a code system, or None, which is remembered in ``missing``."""
        key = (url, version)
        if key not in self._systems:
            found = (each.code_system(url, version) for each in self._sources)
            self._systems[key] = next((each for each in found if each is not None), None)
        if self._systems[key] is None:
            self.missing[f"{url}|{version}" if version else url] = "code system"
        return self._systems[key]

    def value_set(self, url: str) -> ValueSet | None:
        """Give a value set by ``url`` or ``url|version``, or None, as with code systems."""
        if url not in self._value_sets:
            document = self.find("ValueSet", url)
            self._value_sets[url] = implied(url) if document is None else value_set(document)
        if self._value_sets[url] is None:
            self.missing[url] = "value set"
        return self._value_sets[url]

    def find(self, kind: str, canonical: str) -> Document | None:
        """Give a ValueSet or ConceptMap by ``url`` or ``url|version``."""
        url, _, version = canonical.partition("|")
        found = (each.find(kind, url, version or None) for each in self._sources)
        return next((each for each in found if each is not None), None)

    def concept_maps(self) -> list[Document]:
        """Give all maps there are."""
        return [each for source in self._sources for each in source.concept_maps()]

    def passes(self, system: System, row: Document) -> Callable[[Concept], bool]:
        """Give the test of a filter, made once."""
        key = (id(row), system.url)
        if key not in self._tests:
            self._tests[key] = (accept(system, row), row)
        test: Callable[[Concept], bool] = self._tests[key][0]
        return test

    def _named(self, found: ValueSet, depth: int) -> Iterable[str]:
        systems = dict.fromkeys(found.systems)
        for part in found.includes if depth < DEEPEST and not systems else ():
            for url in part.imports:
                inner = self.value_set(url)
                systems |= dict.fromkeys(self._named(inner, depth + 1) if inner else ())
        return systems


class _Asked:
    """One code on its way through value sets; each of them is asked once."""

    def __init__(self, view: View, code: str, version: str | None) -> None:
        self._view = view
        self._code = code
        self._version = version
        self._answers: dict[tuple[str, str], Verdict] = {}
        self._depth = 0

    def belongs(self, found: ValueSet, system: str) -> Verdict:
        """Say whether the code of a system is in a value set."""
        included = some(self._fits(part, system) for part in found.includes)
        if included is False or (included and not found.inactive and self._is_inactive(system)):
            return False
        excluded = some(self._fits(part, system) for part in found.excludes)
        return False if excluded else every((included, None if excluded is None else True))

    def _is_inactive(self, system: str) -> bool:
        concept = self._view.concept(system, self._code)
        return concept is not None and concept.inactive

    def _fits(self, part: Part, system: str) -> Verdict:
        if part.system is not None and part.system != system:
            return False
        own = self._by_system(part, system) if part.system else True
        if own is False:
            return False
        return every((own, *(self._imported(url, system) for url in part.imports)))

    def _imported(self, url: str, system: str) -> Verdict:
        key = (url, system)
        if key not in self._answers:
            self._answers[key] = None
            found = self._view.value_set(url) if self._depth < DEEPEST else None
            if found is not None:
                self._depth += 1
                self._answers[key] = self.belongs(found, system)
                self._depth -= 1
        return self._answers[key]

    def _by_system(self, part: Part, url: str) -> Verdict:
        if part.listed is not None:
            if self._code in part.listed:
                return self._version_fits(part)
            return self._listed_in_another_case(part.listed, url)
        if self._version_fits(part) is not True:
            return None
        system = self._view.code_system(url, part.version or self._version)
        if system is None:
            return None
        concept = system.find(self._code)
        if concept is None:
            return False if system.complete else None
        return all(self._view.passes(system, row)(concept) for row in part.filters)

    def _version_fits(self, part: Part) -> Verdict:
        same = not part.version or not self._version or part.version == self._version
        return True if same else None

    def _listed_in_another_case(self, listed: Mapping[str, Document], url: str) -> bool:
        folded = self._code.casefold()
        near = [code for code in listed if code.casefold() == folded]
        if not near:
            return False
        system = self._view.code_system(url)
        concept = system.find(self._code) if system else None
        return concept is not None and concept.code in near
