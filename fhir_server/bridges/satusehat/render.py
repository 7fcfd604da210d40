"""`render`: one of our resources as the requests SATUSEHAT takes for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import (
    clinical,
    diagnostic_report,
    directory,
    encounter,
    episode_of_care,
    immunization,
    medication,
    observation,
    people,
    questionnaire_response,
    service_request,
)
from fhir_server.bridges.satusehat.draft import Draft, Stop
from fhir_server.bridges.satusehat.ownership import local_name, withdrawn
from fhir_server.bridges.satusehat.payload import NotWanted
from fhir_server.bridges.satusehat.wanted import unwanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.bridges.satusehat.payload import Known, Rendering

MAPPERS: Final[dict[str, Callable[[Draft], Rendering]]] = {
    "Organization": directory.organization,
    "Location": directory.location,
    "Practitioner": people.practitioner,
    "Patient": people.patient,
    "EpisodeOfCare": episode_of_care.episode,
    "Encounter": encounter.visit,
    "Condition": clinical.condition,
    "AllergyIntolerance": clinical.allergy,
    "Observation": observation.result,
    "ServiceRequest": service_request.order,
    "Specimen": diagnostic_report.specimen,
    "DiagnosticReport": diagnostic_report.report,
    "Procedure": clinical.procedure,
    "Medication": medication.drug,
    "MedicationRequest": medication.prescription,
    "MedicationDispense": medication.dispense,
    "MedicationStatement": medication.statement,
    "Immunization": immunization.dose,
    "CarePlan": clinical.plan,
    "ClinicalImpression": clinical.impression,
    "QuestionnaireResponse": questionnaire_response.answers,
    "Composition": clinical.resume,
}
TYPES: Final = frozenset(MAPPERS)
ORDER: Final = tuple(MAPPERS)
"""The order in which what depends on nothing else comes first."""


def render(resource: dict[str, Any], known: Known) -> Rendering:
    """Say what SATUSEHAT is to be asked or told for one of our resources."""
    draft = Draft(resource, known)
    if reason := unwanted(resource, known.choices) or withdrawn(resource, known):
        return NotWanted(reason)
    try:
        _patient(draft)
        return MAPPERS[resource["resourceType"]](draft)
    except Stop as stop:
        return stop.result


def _patient(draft: Draft) -> None:
    """Refuse what is about a patient whom nobody there can be found for."""
    subject = draft.resource.get("subject") or draft.resource.get("patient")
    name = local_name(subject) or ""
    if not name.startswith("Patient/") or draft.known.remote(name):
        return
    patient = draft.known.local(name)
    if patient is not None and unwanted(patient, draft.choices):
        draft.refuse(
            f"{draft.resource['resourceType']}.subject",
            "the patient has no NIK here, so SATUSEHAT does not know whose this is",
            "NIK (bayi: NIK ibu) pada data pasien",
        )
