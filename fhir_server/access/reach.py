"""What of each type a principal may meet: the form every kind of reach has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fhir_server.search.plan import Filter, Join

NOTHING: Final[Filter] = {"_id": {"$in": []}}
AUTHORS: Final = "by"
"""The field of a stored resource that names for whom it was written, whoever wrote it again."""


@dataclass(frozen=True, slots=True)
class Part:
    """What of a type is shown to who may not have all of it.

    ``elements`` at the top of the resource; ``fields``: the search parameters that say no more.
    """

    elements: frozenset[str]
    fields: frozenset[str]


class Reach(ABC):
    """What every kind of reach says of each type, and what most say alike."""

    @abstractmethod
    def of(self, resource_type: str) -> Filter:
        """Give the filter of a type; ``{}`` is all of it."""

    def through(self, _resource_type: str) -> tuple[Join, ...]:
        """Give what must hold of other resources as well."""
        return ()

    def patients(self) -> frozenset[str]:
        """Give ids of patients who are known to be in reach; others are looked up."""
        return frozenset()

    @abstractmethod
    def may_write(self, resource_type: str) -> bool:
        """Say whether resources of a type may be written at all."""

    def past(self, _resource_type: str) -> Filter:
        """Give what must hold of a past version, besides that its patient is in reach."""
        return {}

    def part(self, _resource_type: str) -> Part | None:
        """Give what of a type is shown; None: all of it."""
        return None


def written_by(authors: tuple[str, ...] | list[str]) -> Filter:
    """Select what was written for one of these."""
    return {AUTHORS: {"$in": sorted(authors)}} if len(authors) != 1 else {AUTHORS: authors[0]}


def either(*filters: Filter) -> Filter:
    """Join filters of which one must hold."""
    given: list[Any] = [each for each in filters if each != NOTHING]
    if not given:
        return NOTHING
    return given[0] if len(given) == 1 else {"$or": given}
