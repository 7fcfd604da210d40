"""What pustu and cadres may meet: the work given to them, and whom it is about (domain §2.3).

Of the patient name, sex, date of birth and address, as far as the work goes on; of the record
nothing but what they wrote themselves.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from fhir_server.access.directory import DIRECTORY
from fhir_server.access.people import found
from fhir_server.access.reach import Part, Reach, either, written_by

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.search.plan import Filter

GOING_ON: Final = (
    *("requested", "received", "accepted", "ready", "in-progress"),
    *("on-hold",),
)
WRITTEN: Final = frozenset(
    {"Communication", "Encounter", "Observation", "QuestionnaireResponse", "Task"}
)
MINIMAL: Final = Part(
    frozenset({"active", "name", "gender", "birthDate", "address"}),
    frozenset({"active", "name", "family", "given", "gender", "birthdate", "desa", "kecamatan"})
    | {"address", "address-city", "address-state", "address-country", "address-postalcode"},
)
"""Who somebody is and where to be found; no number, no telephone."""


class Tasks(Reach):
    """The filters of one cadre or one pustu."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._principal = context.principal

    def of(self, resource_type: str) -> Filter:
        """Give what of a type is in reach."""
        if resource_type in DIRECTORY:
            return {}
        if resource_type == "Task":
            return self._given
        if resource_type == "Patient":
            return {"_id": {"$in": sorted(self._patients)}}
        person = self._principal.person
        return either(*([written_by([person])] if person else []))

    def patients(self) -> frozenset[str]:
        """Give the ids of those whom the work is about."""
        return self._patients

    def may_write(self, resource_type: str) -> bool:
        """Say that they report on their work."""
        return resource_type in WRITTEN

    def part(self, resource_type: str) -> Part | None:
        """Show of a patient who it is."""
        return MINIMAL if resource_type == "Patient" else None

    @property
    def _given(self) -> Filter:
        parties = sorted(self._principal.parties)
        return {"ix.owner": {"$in": parties}, "ix.status": {"$in": list(GOING_ON)}}

    @cached_property
    def _patients(self) -> frozenset[str]:
        about = (each.get("for", {}).get("reference", "") for each in self._tasks)
        return frozenset(
            each.removeprefix("Patient/") for each in about if each.startswith("Patient/")
        )

    @cached_property
    def _tasks(self) -> list[dict[str, dict[str, str]]]:
        return found(self._context, "Task", self._given)
