"""What a student may meet: the one mother she accompanies, while she does (BR-E2, domain §1.E).

The assignment is an active CareTeam of the mother that has the student as a member, and the
student's PractitionerRole; both must be in their period.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from fhir_server.access.directory import DIRECTORY
from fhir_server.access.people import found, is_now
from fhir_server.access.reach import NOTHING, Reach

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.context import Context
    from fhir_server.search.plan import Filter

_DECIDES: Final = frozenset({"CareTeam", "Consent", "Group", "Patient", "RelatedPerson"})


class Assignment(Reach):
    """The filters of one student, worked out when the first is asked for."""

    def __init__(self, context: Context, person: str) -> None:
        self._context = context
        self._person = person

    def of(self, resource_type: str) -> Filter:
        """Give what of a type the student may meet."""
        if resource_type in DIRECTORY:
            return {}
        if not self._patients:
            return NOTHING
        if resource_type == "Patient":
            return {"_id": {"$in": sorted(self._patients)}}
        if resource_type not in self._context.definitions.compartments["Patient"]:
            return NOTHING
        named = {"$in": sorted(f"Patient/{each}" for each in self._patients)}
        return {"$or": [{"ix.patient": named}, {"ix._of": named}]}

    def patients(self) -> frozenset[str]:
        """Give the ids of the mothers who are assigned today."""
        return self._patients

    def may_write(self, resource_type: str) -> bool:
        """Say that a student adds to a record, and neither assigns nor consents."""
        rows = self._context.definitions.compartments["Patient"]
        return resource_type in rows and resource_type not in _DECIDES

    @cached_property
    def _patients(self) -> frozenset[str]:
        roles = [f"PractitionerRole/{each['id']}" for each in self._roles()]
        if not roles:
            return frozenset()
        wanted = {"ix.participant": {"$in": [self._person, *roles]}}
        teams = (e for e in found(self._context, "CareTeam", wanted) if is_now(self._context, e))
        subjects = (team.get("subject", {}).get("reference", "") for team in teams)
        return frozenset(each.removeprefix("Patient/") for each in subjects if "Patient/" in each)

    def _roles(self) -> Iterable[dict[str, Any]]:
        roles = found(self._context, "PractitionerRole", {"ix.practitioner": self._person})
        return [each for each in roles if is_now(self._context, each)]
