"""All that is asked of terminology, on one view of it.

https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import NotFound
from fhir_server.resources.terminology.expansion import Expanded, Wanted, expand
from fhir_server.resources.terminology.translation import Asked, Match, translate
from fhir_server.resources.terminology.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.resources.terminology.valuesets import ValueSet
    from fhir_server.resources.wire import Document

Codes = frozenset[tuple[str, str]]


class Terminology(View):
    """One view; make one for each request or for each document that is validated."""

    def expand(self, value_set: ValueSet, wanted: Wanted) -> Expanded:
        """List the codes of a value set.

        Raises NotFound where something it needs is not loaded, TooCostly past the limit.
        """
        return expand(self, value_set, wanted)

    def members(self, url: str) -> Codes:
        """Give all codes of a value set with their systems; raises as ``expand`` does."""
        found = self.value_set(url)
        if found is None:
            raise NotFound(f"The value set {url} is not loaded.")
        rows = expand(self, found, Wanted(limit=self.limit)).rows
        return frozenset((row.system, row.concept.code) for row in rows)

    def translate(self, asked: Asked, maps: Sequence[Document]) -> Iterator[Match]:
        """Give every translation that these maps have."""
        return translate(asked, maps, lambda url: self.find("ConceptMap", url))
