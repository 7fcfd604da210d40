"""Collections and their indexes: which queries are fast. One page, read it whole.

Each index costs every write, so there are few: time and identifier for all types, the patient's
record by code and date, and what the work of a puskesmas looks up. A query of another shape is
answered too, more slowly, and remembered (``shapes``).

Collections and indexes are made when a process first writes a type, never inside a transaction.
That changes nothing where they are already there, so processes may race.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import CollectionInvalid

from fhir_server.store.versions import past_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.database import Database

Keys = tuple[tuple[str, int], ...]

GUARDS, TALLIES, SECRETS = "_guards", "_tallies", "_secrets"
OWN = frozenset({GUARDS, TALLIES})

BY_TIME: Keys = (("t", ASCENDING), ("_id", ASCENDING))
BY_IDENTIFIER: Keys = (("ix.identifier", ASCENDING),)

RECORD = {
    "AllergyIntolerance": "patient code",
    "CarePlan": "patient date",
    "Communication": "patient sent",
    "Composition": "patient date",
    "Condition": "patient code recorded-date",
    "DiagnosticReport": "patient code date",
    "DocumentReference": "patient date",
    "Encounter": "patient date",
    "EpisodeOfCare": "patient date",
    "Flag": "patient date",
    "Immunization": "patient date",
    "MedicationAdministration": "patient",
    "MedicationDispense": "patient",
    "MedicationRequest": "patient authoredon",
    "MedicationStatement": "patient",
    "Observation": "patient code date",
    "Procedure": "patient code date",
    "QuestionnaireResponse": "patient authored",
    "RiskAssessment": "patient date",
    "ServiceRequest": "patient code authored",
    "Specimen": "patient collected",
    "Task": "patient authored-on",
}
"""The patient's record: the patient, a code, a date falling. Only the code may repeat."""

LOOKED_UP = {
    "ActivityDefinition": ("url",),
    "Appointment": ("patient", "actor", "date"),
    "CarePlan": ("encounter",),
    "CodeSystem": ("system",),
    "Communication": ("encounter", "part-of", "recipient", "sender", "sent"),
    "Condition": ("encounter",),
    "ConceptMap": ("url",),
    "DiagnosticReport": ("based-on", "encounter"),
    "Encounter": ("date", "appointment", "part-of"),
    "HealthcareService": ("name", "organization"),
    "Library": ("url",),
    "Location": ("name", "organization"),
    "Measure": ("url",),
    "Observation": ("based-on", "encounter"),
    "OperationDefinition": ("url",),
    "Organization": ("name",),
    "Patient": ("name", "family", "given", "birthdate", "phone"),
    "Person": ("patient", "name"),
    "PlanDefinition": ("url",),
    "Practitioner": ("name",),
    "PractitionerRole": ("practitioner", "organization"),
    "Procedure": ("encounter",),
    "Provenance": ("target",),
    "Questionnaire": ("url",),
    "QuestionnaireResponse": ("encounter", "questionnaire"),
    "RelatedPerson": ("patient", "name"),
    "SearchParameter": ("url",),
    "ServiceRequest": ("based-on", "encounter", "performer", "requester", "requisition"),
    "Slot": ("schedule", "start"),
    "StructureDefinition": ("url",),
    "Task": ("based-on", "encounter", "focus", "group-identifier", "owner", "requester"),
    "ValueSet": ("url",),
}
"""Single parameters; a resource without the element costs nothing."""

DATES = {"authored", "authored-on", "authoredon", "birthdate", "collected", "date"}
DATES |= {"recorded-date", "sent", "start"}


def indexes(resource_type: str) -> list[Keys]:
    """List the indexes of the current versions of one type, beside ``_id``."""
    record = RECORD.get(resource_type, "").split()
    singles = LOOKED_UP.get(resource_type, ())
    return [
        BY_TIME,
        BY_IDENTIFIER,
        *([_record(record)] if record else []),
        *(((_field(name), ASCENDING),) for name in singles),
    ]


def _record(names: list[str]) -> Keys:
    *keys, last = [(_field(name), DESCENDING if name in DATES else ASCENDING) for name in names]
    return (*keys, last, ("_id", last[1]))


def _field(name: str) -> str:
    return f"ix.{name}.l" if name in DATES else f"ix.{name}"


def _models(resource_type: str) -> list[IndexModel]:
    return [IndexModel(list(keys), sparse=len(keys) == 1) for keys in indexes(resource_type)]


class Layout:
    """Makes what is missing, once a process."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._made: set[str] = set()
        self._lock = threading.Lock()

    def types(self) -> list[str]:
        """List the resource types that were ever written."""
        names = self._database.list_collection_names()
        return sorted(name for name in names if name.isalpha() and name[0].isupper())

    def prepare(self, resource_types: Iterable[str]) -> None:
        """Make collections and indexes of these types unless this process has seen them."""
        missing = set(resource_types) - self._made
        if not missing:
            return
        with self._lock:
            for resource_type in sorted(missing - self._made):
                self._make(resource_type)
                self._made.add(resource_type)

    def prepare_own(self) -> None:
        """Make the collections of guards and counters, for transactions to write into."""
        if self._made >= OWN:
            return
        with self._lock:
            for name in sorted(OWN - self._made):
                with contextlib.suppress(CollectionInvalid):
                    self._database.create_collection(name)
                self._made.add(name)

    def _make(self, resource_type: str) -> None:
        self._database[resource_type].create_indexes(_models(resource_type))
        self._database[past_name(resource_type)].create_indexes([IndexModel(list(BY_TIME))])
