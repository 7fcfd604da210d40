"""Condition, AllergyIntolerance, Procedure, CarePlan, ClinicalImpression, Composition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.ownership import author_elsewhere
from fhir_server.bridges.satusehat.payload import NotWanted
from fhir_server.bridges.satusehat.visits import (
    attender,
    visit_of,
    visit_reference,
)

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.draft import Draft
    from fhir_server.bridges.satusehat.payload import Rendering

    Json = dict[str, Any]

CONDITION: Final = (
    "clinicalStatus",
    "verificationStatus",
    "category",
    "severity",
    "code",
    "bodySite",
    "subject",
    "onsetDateTime",
    "onsetPeriod",
    "onsetString",
    "abatementDateTime",
    "recordedDate",
    "recorder",
    "note",
)
ALLERGY: Final = (
    "clinicalStatus",
    "verificationStatus",
    "type",
    "category",
    "criticality",
    "code",
    "patient",
    "onsetDateTime",
    "recordedDate",
    "recorder",
    "note",
    "reaction",
)
PROCEDURE: Final = (
    "basedOn",
    "status",
    "statusReason",
    "category",
    "code",
    "subject",
    "performedDateTime",
    "performedPeriod",
    "reasonCode",
    "bodySite",
    "outcome",
    "complication",
    "usedCode",
    "note",
)
PLAN: Final = (
    "basedOn",
    "status",
    "intent",
    "category",
    "title",
    "description",
    "subject",
    "period",
    "created",
    "author",
    "addresses",
    "goal",
    "note",
)
IMPRESSION: Final = (
    "status",
    "code",
    "description",
    "subject",
    "effectiveDateTime",
    "effectivePeriod",
    "date",
    "assessor",
    "problem",
    "investigation",
    "summary",
    "finding",
    "prognosisCodeableConcept",
    "note",
)
RESUME: Final = ("status", "category", "subject", "date", "author", "title", "section")
ACTIVE: Final = {"system": c.CONDITION_CLINICAL, "code": "active", "display": "Active"}
PROBLEM: Final = {
    "system": c.CONDITION_CATEGORY,
    "code": "problem-list-item",
    "display": "Problem List Item",
}


def condition(draft: Draft) -> Rendering:
    """Write a diagnosis, a problem or a complaint."""
    found = draft.resource
    body = draft.body(found, CONDITION)
    moment = found.get("recordedDate") or found.get("onsetDateTime")
    body["encounter"] = visit_reference(draft, found.get("encounter"), moment)
    body.setdefault("clinicalStatus", {"coding": [ACTIVE]})
    kinds = [each for each in body.get("category", ()) if each.get("coding")]
    body["category"] = kinds or [{"coding": [PROBLEM]}]
    _say_stable(draft, body)
    return _identified(draft, body)


def _say_stable(draft: Draft, body: Json) -> None:
    """Name the stable state at discharge by the code this installation chose."""
    for each in body.get("code", {}).get("coding", ()):
        if each.get("code") in c.STABLE:
            code = draft.choices.stable_code
            each |= {"system": c.STABLE.get(code, c.SNOMED), "code": code}


def allergy(draft: Draft) -> Rendering:
    """Write an allergy."""
    found = draft.resource
    body = draft.body(found, ALLERGY)
    if not found.get("category"):
        draft.refuse("AllergyIntolerance.category", "missing", "food, medication, environment")
    body["encounter"] = visit_reference(draft, found.get("encounter"), found.get("recordedDate"))
    return _identified(draft, body, by="patient")


def procedure(draft: Draft) -> Rendering:
    """Write what was done, by whom."""
    found = draft.resource
    body = draft.body(found, PROCEDURE)
    moment = found.get("performedDateTime") or found.get("performedPeriod", {}).get("start")
    body["encounter"] = visit_reference(draft, found.get("encounter"), moment)
    if "coding" not in body.get("category", {"coding": []}) and "text" not in body["category"]:
        del body["category"]
    actors = (draft.reference(each.get("actor")) for each in found.get("performer", ()))
    persons = [each for each in actors if each]
    if not persons:
        person = attender(draft, visit_of(draft, found.get("encounter"), moment))
        persons = [person] if person else []
    body["performer"] = [{"actor": each} for each in persons]
    return _identified(draft, body)


def plan(draft: Draft) -> Rendering:
    """Write a plan of care; our kinds of plans are outpatient plans there."""
    found = draft.resource
    body = draft.body(found, PLAN)
    body["encounter"] = visit_reference(draft, found.get("encounter"), found.get("created"))
    kinds = [each for each in body.get("category", ()) if each.get("coding")]
    outpatient = {"system": c.SNOMED, "code": c.OUTPATIENT_PLAN, "display": "Outpatient care plan"}
    body["category"] = kinds or [{"coding": [outpatient]}]
    body.setdefault("description", found.get("title", ""))
    return _identified(draft, body)


def impression(draft: Draft) -> Rendering:
    """Write a clinical impression with its prognosis."""
    found = draft.resource
    body = draft.body(found, IMPRESSION)
    body["encounter"] = visit_reference(draft, found.get("encounter"), found.get("date"))
    return _identified(draft, body)


def resume(draft: Draft) -> Rendering:
    """Write the summary of a visit."""
    found = draft.resource
    if reason := author_elsewhere(found.get("custodian"), draft.known):
        return NotWanted(reason)
    if not found.get("title"):
        draft.refuse("Composition.title", "empty", "judul")
    body = draft.body(found, RESUME)
    coding = {"system": c.LOINC, "code": draft.choices.composition_type}
    body["type"] = {"coding": [coding]}
    body["encounter"] = visit_reference(draft, found.get("encounter"), found.get("date"))
    body["custodian"] = draft.own_organization()
    identifier = draft.identified()
    body["identifier"] = {"system": identifier[0], "value": identifier[1]}
    return draft.result(draft.request(body, identifier, search=_search(body)))


def _identified(draft: Draft, body: Json, *, by: str = "encounter") -> Rendering:
    system, value = draft.identified()
    body["identifier"] = [{"use": "official", "system": system, "value": value}]
    return draft.result(draft.request(body, (system, value), search=_search(body, by)))


def _search(body: Json, by: str = "encounter") -> tuple[tuple[str, str], ...]:
    found = str((body.get(by) or {}).get("reference", "")).rpartition("/")[2]
    return ((by, found),)
