"""The resource and data type classes that mappings build with, imported when first used.

fhir.resources has no R4 4.0.1; its R4B is the nearest, and a test proves that no element leaks
which R4 4.0.1 lacks. A server that only speaks FHIR never imports it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fhir.resources.R4B.address import Address as Address
    from fhir.resources.R4B.annotation import Annotation as Annotation
    from fhir.resources.R4B.appointment import Appointment as Appointment
    from fhir.resources.R4B.attachment import Attachment as Attachment
    from fhir.resources.R4B.careplan import CarePlan as CarePlan
    from fhir.resources.R4B.careteam import CareTeam as CareTeam
    from fhir.resources.R4B.clinicalimpression import ClinicalImpression as ClinicalImpression
    from fhir.resources.R4B.codeableconcept import CodeableConcept as CodeableConcept
    from fhir.resources.R4B.coding import Coding as Coding
    from fhir.resources.R4B.communication import Communication as Communication
    from fhir.resources.R4B.communicationrequest import (
        CommunicationRequest as CommunicationRequest,
    )
    from fhir.resources.R4B.composition import Composition as Composition
    from fhir.resources.R4B.condition import Condition as Condition
    from fhir.resources.R4B.consent import Consent as Consent
    from fhir.resources.R4B.contactpoint import ContactPoint as ContactPoint
    from fhir.resources.R4B.detectedissue import DetectedIssue as DetectedIssue
    from fhir.resources.R4B.diagnosticreport import DiagnosticReport as DiagnosticReport
    from fhir.resources.R4B.documentreference import DocumentReference as DocumentReference
    from fhir.resources.R4B.encounter import Encounter as Encounter
    from fhir.resources.R4B.episodeofcare import EpisodeOfCare as EpisodeOfCare
    from fhir.resources.R4B.extension import Extension as Extension
    from fhir.resources.R4B.flag import Flag as Flag
    from fhir.resources.R4B.goal import Goal as Goal
    from fhir.resources.R4B.group import Group as Group
    from fhir.resources.R4B.healthcareservice import HealthcareService as HealthcareService
    from fhir.resources.R4B.humanname import HumanName as HumanName
    from fhir.resources.R4B.identifier import Identifier as Identifier
    from fhir.resources.R4B.location import Location as Location
    from fhir.resources.R4B.medicationdispense import MedicationDispense as MedicationDispense
    from fhir.resources.R4B.medicationrequest import MedicationRequest as MedicationRequest
    from fhir.resources.R4B.observation import Observation as Observation
    from fhir.resources.R4B.organization import Organization as Organization
    from fhir.resources.R4B.patient import Patient as Patient
    from fhir.resources.R4B.period import Period as Period
    from fhir.resources.R4B.practitioner import Practitioner as Practitioner
    from fhir.resources.R4B.practitionerrole import PractitionerRole as PractitionerRole
    from fhir.resources.R4B.procedure import Procedure as Procedure
    from fhir.resources.R4B.provenance import Provenance as Provenance
    from fhir.resources.R4B.quantity import Quantity as Quantity
    from fhir.resources.R4B.questionnaireresponse import (
        QuestionnaireResponse as QuestionnaireResponse,
    )
    from fhir.resources.R4B.reference import Reference as Reference
    from fhir.resources.R4B.relatedperson import RelatedPerson as RelatedPerson
    from fhir.resources.R4B.riskassessment import RiskAssessment as RiskAssessment
    from fhir.resources.R4B.schedule import Schedule as Schedule
    from fhir.resources.R4B.servicerequest import ServiceRequest as ServiceRequest
    from fhir.resources.R4B.specimen import Specimen as Specimen
    from fhir.resources.R4B.task import Task as Task


def __getattr__(name: str) -> Any:
    if not name[0].isupper() or name.isupper():
        raise AttributeError(name)  # not the name of a class: nothing to import for
    try:
        module = import_module(f"fhir.resources.R4B.{name.lower()}")
    except ModuleNotFoundError:
        raise AttributeError(f"fhir.resources.R4B has no {name}.") from None
    found = getattr(module, name)
    globals()[name] = found
    return found
