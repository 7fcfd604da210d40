"""Elements that must be there: what the store cannot read without, and what rules ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.satusehat_simulator.outcomes import Issue, unparseable

if TYPE_CHECKING:
    from tools.satusehat_simulator.world import Document

UNREADABLE_WITHOUT = {
    "Encounter": ("status", "class"),
    "Observation": ("status", "code"),
    "ServiceRequest": ("status", "intent", "subject"),
    "Procedure": ("status", "subject"),
    "MedicationRequest": ("status", "intent", "subject"),
    "MedicationDispense": ("status",),
    "MedicationStatement": ("status", "subject"),
    "DiagnosticReport": ("status", "code"),
    "Composition": ("status", "type", "date", "author"),
    "Immunization": ("status", "patient"),
    "CarePlan": ("status", "intent", "subject"),
    "ClinicalImpression": ("status", "subject"),
    "EpisodeOfCare": ("status", "patient"),
    "QuestionnaireResponse": ("status",),
    "AllergyIntolerance": ("patient",),
    "Condition": ("subject",),
    "Task": ("status", "intent"),
}
"""Elements of FHIR R4 without which the store behind the gateway cannot read a resource."""

REFERENCES = {
    "Encounter": (("subject", 10118), ("serviceProvider", 10124)),
    "Observation": (("subject", None), ("encounter", 10130), ("performer", 10383)),
    "ServiceRequest": (("encounter", None), ("requester", None), ("performer", 10377)),
    "Condition": (("encounter", None),),
    "Procedure": (("encounter", None),),
    "DiagnosticReport": (("subject", None), ("encounter", None)),
    "Composition": (("subject", None), ("encounter", None)),
    "MedicationDispense": (("subject", None), ("context", None)),
    "ClinicalImpression": (("encounter", None),),
    "QuestionnaireResponse": (("subject", None), ("encounter", None)),
    "Immunization": (("encounter", None),),
    "Specimen": (("subject", None),),
}
"""References that are mandatory, with the number of the rule where one is known."""

ELEMENTS = {
    "Encounter": (("participant", 10336), ("location", 10120), ("statusHistory", None)),
    "Condition": (("code", None),),
    "Procedure": (("code", None),),
    "ServiceRequest": (("code", None),),
    "Specimen": (("type", None),),
    "Medication": (("extension", None),),
    "MedicationRequest": (("dosageInstruction", None),),
    "AllergyIntolerance": (("category", None), ("code", None)),
    "Composition": (("title", 10134),),
    "Location": (("name", None),),
    "Organization": (("name", None),),
}
"""Other elements that are mandatory."""


def unreadable(resource: Document) -> list[Issue]:
    """Name what the store needs to read the resource at all."""
    kind = resource["resourceType"]
    at = kind[0].lower() + kind[1:]
    return [
        unparseable(name, at) for name in UNREADABLE_WITHOUT.get(kind, ()) if empty(resource, name)
    ]


def empty(resource: Document, name: str) -> bool:
    """Say whether an element is absent, or there with nothing in it."""
    return resource.get(name) in (None, "", [], {})


def missing(resource: Document) -> list[Issue]:
    """Name what the rules ask for."""
    kind = resource["resourceType"]
    found = [
        Issue("value", f"Reference is mandatory : {kind}.{name}", f"{kind}.{name}", rule)
        for name, rule in REFERENCES.get(kind, ())
        if empty(resource, name)
    ]
    found += [
        _absent(resource, kind, name, rule)
        for name, rule in ELEMENTS.get(kind, ())
        if empty(resource, name)
    ]
    return found + _of_its_type(resource)


def _absent(resource: Document, kind: str, name: str, rule: int | None) -> Issue:
    at = f"{kind}.{name}"
    if resource.get(name) == "":
        return Issue("value", "Text is empty: ''", at, rule)
    return Issue("value", f"Element not found: {at}", at, rule)


def _of_its_type(resource: Document) -> list[Issue]:
    kind = resource["resourceType"]
    if kind == "Encounter":
        return _encounter(resource)
    if kind == "Claim":
        return [
            Issue("value", f"Element not found: {at}", at, 10263)
            for at in (
                f"Claim.insurance[{index}].focal"
                for index, each in enumerate(resource.get("insurance", ()))
                if "focal" not in each
            )
        ]
    if kind in {"MedicationRequest", "MedicationDispense", "MedicationStatement"}:
        given = any(name.startswith("medication") for name in resource)
        at = f"{kind}.medication[x]"
        return [] if given else [Issue("value", f"Element not found: {at}", at)]
    return []


def _encounter(resource: Document) -> list[Issue]:
    found = []
    if resource["status"] == "finished" and empty(resource, "diagnosis"):
        at = "Encounter.diagnosis"
        found.append(Issue("value", f"Element not found: {at}", at, 10457))
    for index, each in enumerate(resource.get("location", ())):
        if not each.get("location", {}).get("reference"):
            at = f"Encounter.location[{index}].location"
            found.append(Issue("value", f"Reference is mandatory : {at}", at, 10120))
    return found
