"""What staff may meet: the patients of their puskesmas or of their villages (domain §2.3).

A patient is in reach who lives in one of the villages, or whom one of the organizations has
registered; with the patient goes the record. What names no patient at all is the puskesmas' own.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from fhir_server.access.directory import DIRECTORY
from fhir_server.access.people import found
from fhir_server.access.reach import AUTHORS, NOTHING, Reach, either, written_by
from fhir_server.search.plan import Filter, Join

if TYPE_CHECKING:
    from fhir_server.context import Context

NAMELESS: Final = frozenset(
    {"Composition", "DocumentReference", "List", "MeasureReport", "Schedule", "Slot", "Task"}
)
"""Types of which one that names no patient says nothing of any."""
_WORK: Final = ("owner", "requester")
_UNNAMED: Final[Filter] = {"ix.patient": None, "ix.subject": None, "ix._of": None}


class Area(Reach):
    """The filters of one person or organization of a puskesmas."""

    def __init__(self, context: Context, *, whole: bool = True) -> None:
        self._context = context
        self._principal = context.principal
        self._is_whole = whole
        self._rows = context.definitions.compartments["Patient"]

    def of(self, resource_type: str) -> Filter:
        """Give what of a type is in reach without asking whose it is."""
        if resource_type in DIRECTORY or self.is_named(resource_type):
            return {}
        if resource_type == "Patient":
            return either(*self._patients)
        return self._own(resource_type)

    def through(self, resource_type: str) -> tuple[Join, ...]:
        """Say that the patient must be in reach, unless it is the reader's own."""
        if resource_type == "Patient" or not self.is_named(resource_type):
            return ()
        patient = either(*self._patients)
        other = Join("Patient", patient, "ix._of", forward=True)
        own = self._own(resource_type)
        unless = None if own == NOTHING else own
        join = Join("Patient", patient, "ix.patient", forward=True, others=(other,), unless=unless)
        return (join,)

    def is_named(self, resource_type: str) -> bool:
        """Tell whether resources of a type are found by their patient."""
        return resource_type != "Patient" and bool(
            resource_type == "Task" or self._rows.get(resource_type)
        )

    def may_write(self, resource_type: str) -> bool:
        """Say that staff write records and work, and neither directory nor consent to access."""
        return resource_type not in DIRECTORY

    def _own(self, resource_type: str) -> Filter:
        """Select what is the reader's own, whoever it may be about."""
        ways: list[Filter] = [written_by(self._authors)] if self._authors else []
        if resource_type == "Task":
            parties = {"$in": sorted({*self._authors, *self._principal.parties})}
            ways += [{f"ix.{name}": parties} for name in _WORK]
        if resource_type in NAMELESS and self._is_whole:
            writers: list[Any] = [None, *self._authors]
            ways.append({**_UNNAMED, AUTHORS: {"$in": writers}})
        return either(*ways)

    @cached_property
    def _patients(self) -> tuple[Filter, ...]:
        ways: list[Filter] = [written_by(self._authors)] if self._authors else []
        if self._villages:
            ways.append({"ix.desa": {"$in": sorted(self._villages)}})
        if self._is_whole and self._organizations:
            ways.append({"ix.organization": {"$in": sorted(self._organizations)}})
        return tuple(ways)

    @cached_property
    def _authors(self) -> list[str]:
        person = [self._principal.person] if self._principal.person else []
        return sorted({*person, *(self._organizations if self._is_whole else ())})

    @cached_property
    def _villages(self) -> set[str]:
        own = set(self._principal.villages)
        if not self._is_whole:
            return own
        url = f"{self._context.settings.canonical}/StructureDefinition/wilayah-kerja"
        said = (e for each in self._facilities for e in each.get("extension", ()))
        return own | {each["valueCode"] for each in said if each.get("url") == url}

    @cached_property
    def _organizations(self) -> set[str]:
        own = {self._principal.organization} if self._principal.organization else set()
        return own | {f"Organization/{each['id']}" for each in self._facilities}

    @cached_property
    def _facilities(self) -> list[dict[str, Any]]:
        """Read the principal's organization and its units."""
        name = self._principal.organization
        if not self._is_whole or not name:
            return []
        wanted = {"$or": [{"_id": name.removeprefix("Organization/")}, {"ix.partof": name}]}
        return found(self._context, "Organization", wanted)
