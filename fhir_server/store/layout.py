"""Collections and their indexes: which queries are fast. One page, read it whole.

Each index costs every write, so there are few: time and identifier for all types, the patient's
record by code and date, and what the work of a puskesmas looks up. A query of another shape is
answered too, more slowly, and counted (``shapes``).

Collections and indexes are made when a process first writes a type, never inside a transaction.
That changes nothing where they are already there, so processes may race.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import CollectionInvalid, OperationFailure

from fhir_server.store import outbox
from fhir_server.store.versions import past_name
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.collection import Collection
    from pymongo.database import Database

Keys = tuple[tuple[str, int], ...]

GUARDS, TALLIES, SECRETS = "_guards", "_tallies", "_secrets"
OWN = frozenset({GUARDS, TALLIES})

ANOTHER_WAY = {85, 86}
"""The same keys under another name, or the same name with other options."""

NAMESPACE_EXISTS = 48

BY_TIME: Keys = (("t", ASCENDING), ("_id", ASCENDING))
BY_WORDS: tuple[Keys, ...] = ((("ix._text", ASCENDING),), (("ix._content", ASCENDING),))
BY_IDENTIFIER: Keys = (("ix.identifier", ASCENDING),)
BY_CLAIM: Keys = (("c", ASCENDING),)
BY_AUTHOR: Keys = (("by", ASCENDING),)
CLAIMING = frozenset({"Patient", "CareTeam"})
"""Types of which a rule lets only one resource have a key; a unique index holds it."""

INDEXES = {
    "Account": ["patient"],
    "ActivityDefinition": ["url"],
    "AdverseEvent": ["_of"],
    "AllergyIntolerance": ["patient code", "_of"],
    "Appointment": ["patient", "actor", "location date", "date"],
    "AppointmentResponse": ["patient"],
    "AuditEvent": ["patient", "date"],
    "Basic": ["patient", "_of"],
    "BodyStructure": ["patient"],
    "CarePlan": ["patient date", "encounter", "_of"],
    "CareTeam": ["patient", "participant", "encounter", "_of"],
    "ChargeItem": ["patient", "_of", "context", "service"],
    "Claim": ["patient", "encounter", "_of"],
    "ClaimResponse": ["patient"],
    "ClinicalImpression": ["patient", "encounter"],
    "ChargeItemDefinition": ["url"],
    "CodeSystem": ["system"],
    "Communication": [
        "patient sent",
        "recipient sent",
        "recipient _id _lastUpdated",
        "category sent",
        "sender",
        "encounter",
        "part-of",
        "based-on",
        "_of",
    ],
    "CommunicationRequest": ["patient", "encounter", "based-on", "occurrence", "_of"],
    "Composition": ["patient date", "encounter", "type date", "_of"],
    "ConceptMap": ["url"],
    "Condition": ["patient code recorded-date", "encounter", "recorded-date", "_of"],
    "Consent": ["patient", "actor", "security-label"],
    "Coverage": ["patient", "_of"],
    "CoverageEligibilityRequest": ["patient"],
    "CoverageEligibilityResponse": ["patient"],
    "DetectedIssue": ["patient"],
    "DeviceRequest": ["patient", "encounter", "_of"],
    "DeviceUseStatement": ["patient"],
    "DiagnosticReport": ["patient code date", "encounter", "based-on"],
    "DocumentManifest": ["patient", "_of"],
    "DocumentReference": ["patient date", "encounter", "location", "_of"],
    "Encounter": ["patient date", "date", "location", "appointment", "episode-of-care", "part-of"],
    "EnrollmentRequest": ["patient"],
    "EpisodeOfCare": ["patient date"],
    "ExplanationOfBenefit": ["patient", "encounter", "_of"],
    "FamilyMemberHistory": ["patient"],
    "Flag": ["patient date", "encounter"],
    "Goal": ["patient"],
    "Group": ["_of"],
    "HealthcareService": ["name", "organization"],
    "ImagingStudy": ["patient"],
    "Immunization": ["patient date", "vaccine-code"],
    "Invoice": ["patient", "_of"],
    "ImmunizationEvaluation": ["patient"],
    "ImmunizationRecommendation": ["patient"],
    "Library": ["url"],
    "List": ["patient", "_of"],
    "Location": ["name", "organization", "partof"],
    "Measure": ["url"],
    "MeasureReport": ["period", "patient"],
    "Media": ["patient", "encounter"],
    "MedicationAdministration": ["patient", "_of"],
    "MedicationDispense": ["patient", "prescription", "_of"],
    "MedicationRequest": ["patient authoredon", "encounter"],
    "MedicationStatement": ["patient"],
    "MolecularSequence": ["patient"],
    "NutritionOrder": ["patient", "encounter"],
    "Observation": ["patient code date", "encounter", "based-on", "_of"],
    "OperationDefinition": ["url"],
    "Organization": ["name", "type", "partof"],
    "Patient": ["name", "family", "given", "birthdate", "phone", "_of"],
    "Person": ["patient", "name"],
    "PlanDefinition": ["url"],
    "Practitioner": ["name", "phone"],
    "PractitionerRole": ["practitioner", "organization", "role", "phone"],
    "Procedure": ["patient code date", "encounter", "date", "_of"],
    "Provenance": ["target", "patient"],
    "Questionnaire": ["url"],
    "QuestionnaireResponse": ["patient authored", "encounter", "questionnaire", "_of"],
    "RelatedPerson": ["patient", "name", "phone"],
    "RequestGroup": ["patient", "encounter", "_of"],
    "ResearchSubject": ["patient"],
    "RiskAssessment": ["patient date", "encounter", "date"],
    "Schedule": ["_of"],
    "SearchParameter": ["url"],
    "ServiceRequest": [
        "patient code authored",
        "performer authored",
        "performer status _id",
        "requester authored",
        "requester category _id authored.l authored.h _lastUpdated",
        "_tag authored",
        "encounter",
        "based-on",
        "requisition",
        "_of",
    ],
    "Slot": ["schedule", "start"],
    "Specimen": ["patient collected"],
    "StructureDefinition": ["url"],
    "SupplyDelivery": ["patient"],
    "SupplyRequest": ["_of"],
    "Task": [
        "patient authored-on",
        "owner code status authored-on",
        "owner _lastUpdated _id",
        "code authored-on",
        "due",
        "part-of",
        "requester",
        "encounter",
        "focus",
        "based-on",
        "group-identifier",
    ],
    "ValueSet": ["url"],
    "VisionPrescription": ["patient", "encounter"],
}
"""Search parameters, each line of them an index; dates fall, and the key follows them.

``_id`` is the order of a search that names none: behind what is asked for, a page ends as soon as
it is full, and what comes after it is judged without a look at the resource.

``_of``: what belongs to a patient or an encounter otherwise (``search.compartment``). In one index
only one parameter may repeat. An index of one parameter costs nothing to a resource
that lacks it.
"""

FIELDS = {"_id": "_id", "_lastUpdated": "t"}
DATES = {"authored", "authored-on", "authoredon", "birthdate", "collected", "date"}
DATES |= {"due", "occurrence", "period", "recorded-date", "sent", "start"}


def indexes(resource_type: str) -> list[Keys]:
    """List the indexes of the current versions of one type, beside ``_id``."""
    own = [BY_CLAIM] if resource_type in CLAIMING else []
    lines = INDEXES.get(resource_type, ())
    if any(line.split()[0] in {"patient", "_of"} for line in lines):
        own.append(BY_AUTHOR)
    return [BY_TIME, BY_IDENTIFIER, *own, *(_keys(line) for line in lines)]


def _keys(line: str) -> Keys:
    names = line.split()
    keys = [
        (f"ix.{name}.l", DESCENDING)
        if name in DATES
        else (FIELDS.get(name, f"ix.{name}"), ASCENDING)
        for name in names
    ]
    return (*keys, ("_id", DESCENDING)) if names[-1] in DATES else tuple(keys)


def _name(keys: Keys) -> str:
    return "_".join(f"{field}_{direction}" for field, direction in keys)


def _model(keys: Keys) -> IndexModel:
    return IndexModel(list(keys), sparse=len(keys) == 1, unique=keys == BY_CLAIM)


class Layout:
    """Makes what is missing, once a process."""

    def __init__(self, database: Database[dict[str, Any]], *, words: bool = False) -> None:
        self._database = database
        self._also = BY_WORDS if words else ()
        self._made: set[str] = set()
        self._lock = threading.Lock()

    def types(self) -> list[str]:
        """List the resource types that were ever written."""
        names = self._database.list_collection_names()
        return sorted(name for name in names if name.isalpha() and name[0].isupper())

    def missing(self) -> dict[str, list[str]]:
        """Name the indexes that the database has not, by type; only types that were written."""
        found: dict[str, list[str]] = {}
        for resource_type in self.types():
            there = self._database[resource_type].index_information().values()
            known = {tuple(index["key"]) for index in there}
            lacking = [_name(keys) for keys in self._keys_of(resource_type) if keys not in known]
            if lacking:
                found[resource_type] = lacking
        return found

    def _keys_of(self, resource_type: str) -> list[Keys]:
        return [*indexes(resource_type), *self._also]

    def build(self, resource_type: str) -> None:
        """Make what is missing of a type, however much is stored; writes go on meanwhile."""
        with self._lock:
            self._make(resource_type)

    def build_one(self, resource_type: str, field: str) -> None:
        """Make an index over one field beyond those of this page."""
        _create(self._database[resource_type], [_model(((field, ASCENDING),))])

    def lacking(self, proposals: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
        """Keep the proposals whose index the database does not have."""
        there = {
            resource_type: {
                next(iter(index["key"]))[0]
                for index in self._database[resource_type].index_information().values()
            }
            for resource_type, _ in proposals.values()
        }
        return {
            shape: (kind, field)
            for shape, (kind, field) in proposals.items()
            if field not in there[kind]
        }

    def prepare(self, resource_types: Iterable[str]) -> None:
        """Make collections and indexes of these types unless this process has seen them."""
        missing = set(resource_types) - self._made
        if not missing:
            return
        aside(lambda: self._prepare(missing))

    def _prepare(self, missing: set[str]) -> None:
        with self._lock:
            for resource_type in sorted(missing - self._made):
                self._make(resource_type)
                self._made.add(resource_type)

    def prepare_own(self) -> None:
        """Make the collections of guards and counters, for transactions to write into."""
        if self._made >= OWN:
            return
        aside(self._prepare_own)

    def _prepare_own(self) -> None:
        with self._lock:
            for name in sorted(OWN - self._made):
                self._make_own(name)
                self._made.add(name)

    def prepare_outbox(self) -> None:
        """Make the collection of the outbox."""
        if outbox.OUTBOX in self._made:
            return
        aside(self._prepare_outbox)

    def _prepare_outbox(self) -> None:
        with self._lock:
            _create(self._database[outbox.OUTBOX], outbox.INDEXES)
            self._made.add(outbox.OUTBOX)

    def _make_own(self, name: str) -> None:
        try:
            self._database.create_collection(name)
        except CollectionInvalid:
            pass
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:  # another process made it in between
                raise

    def _make(self, resource_type: str) -> None:
        models = [_model(keys) for keys in self._keys_of(resource_type)]
        _create(self._database[resource_type], models)
        _create(self._database[past_name(resource_type)], [IndexModel(list(BY_TIME))])


def _create(collection: Collection[dict[str, Any]], models: list[IndexModel]) -> None:
    """Create indexes; one that an operator has made in another way stays as it is."""
    try:
        collection.create_indexes(models)
    except OperationFailure as error:
        if error.code not in ANOTHER_WAY:
            raise
        if len(models) > 1:
            for model in models:
                _create(collection, [model])
