"""Identifiers: whose they are, and which systems a resource may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.satusehat_simulator.outcomes import Issue
from tools.satusehat_simulator.terminology import CLAIMED_VISITS
from tools.satusehat_simulator.world import identifiers

if TYPE_CHECKING:
    from tools.satusehat_simulator.world import Document

OWN = "http://sys-ids.kemkes.go.id/"
KINDS = {
    "Organization": ("organization",),
    "Location": ("location",),
    "Encounter": ("encounter", "episode-of-care"),
    "Condition": ("condition",),
    "Observation": ("observation",),
    "ServiceRequest": ("servicerequest", "acsn"),
    "Specimen": ("specimen",),
    "DiagnosticReport": ("diagnostic",),
    "Medication": ("medication",),
    "MedicationRequest": ("prescription", "prescription-item"),
    "MedicationDispense": ("prescription", "prescription-item"),
    "MedicationStatement": ("medicationstatement",),
    "Composition": ("composition",),
    "ClinicalImpression": ("clinicalimpression",),
    "AllergyIntolerance": ("allergy",),
    "Procedure": ("procedure",),
    "EpisodeOfCare": ("episode-of-care",),
    "Task": ("task",),
    "CarePlan": ("careplan",),
    "Immunization": ("immunization",),
    "QuestionnaireResponse": ("questionnaireresponse",),
    "Patient": ("mrn",),
}
"""What may stand between the base of an own identifier system and the organization."""

AUTHOR = "http://sys-ids.kemkes.go.id/careplan/authoring-organization"
"""Says which facility made a plan; the same on all its plans."""
FREE = (
    "https://fhir.kemkes.go.id/id/",
    "urn:dicom:uid",
    "http://sys-ids.kemkes.go.id/referral-number",
    AUTHOR,
)
BOTH = ("prescription", "prescription-item")


def wrong(resource: Document, organization: str) -> list[Issue]:
    """Name the identifiers that are not the facility's own, or of an unknown system."""
    kind = resource["resourceType"]
    found = [
        issue
        for index, each in enumerate(identifiers(resource))
        if (issue := _wrong(kind, each, _at(resource, index), organization))
    ]
    if kind in {"Encounter", "EpisodeOfCare", "Medication"} and not resource.get("identifier"):
        at = f"{kind}.identifier"
        found.append(Issue("value", f"Element not found: {at}", at))
    if kind in {"MedicationRequest", "MedicationDispense"}:
        found += _prescription(resource, kind)
    return found


def _at(resource: Document, index: int) -> str:
    listed = isinstance(resource["identifier"], list)
    return f"{resource['resourceType']}.identifier" + (f"[{index}]" if listed else "")


def _wrong(kind: str, identifier: Document, at: str, organization: str) -> Issue | None:
    system = str(identifier.get("system", ""))
    value = str(identifier.get("value", ""))
    if kind == "Encounter" and system in CLAIMED_VISITS:
        if CLAIMED_VISITS[system].fullmatch(value):
            return None
        return Issue("value", f"Identifier value not found: {value}", f"{at}.value", 10117)
    if system.startswith(FREE):
        return None
    name, _, rest = system.removeprefix(OWN).partition("/")
    if not system.startswith(OWN) or name not in KINDS.get(kind, (name,)):
        rule = 10458 if kind == "EpisodeOfCare" else 10117
        return Issue("value", f"Invalid identifier system: {system}", f"{at}.system", rule)
    if rest.partition("/")[0] != organization:
        words = f"Wrong organization ID provided by system URL: {system}"
        return Issue("value", words, f"{at}.system", 10117)
    if not value:
        return Issue("value", "Identifier value not found: ", f"{at}.value", 10117)
    return None


def _prescription(resource: Document, kind: str) -> list[Issue]:
    systems = {
        str(each.get("system", "")).removeprefix(OWN).partition("/")[0]
        for each in identifiers(resource)
    }
    return [
        Issue("value", f"Identifier not found: {OWN}{name}", f"{kind}.identifier")
        for name in BOTH
        if name not in systems
    ]
