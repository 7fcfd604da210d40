"""Which of our resources SATUSEHAT has a place for; links to the others are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.mappings.dibaca import is_read

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.bridges.satusehat.choices import Choices

    Json = dict[str, Any]
    Judge = Callable[[Json, Choices], str | None]

VOID: Final = ("entered-in-error",)
ROOMS: Final = ("ro", "bd", "wi", "wa", "lvl", "bu", "ca", "co", "ve", "area")
ORDERED: Final = ("active", "on-hold", "completed", "revoked", "entered-in-error")
ARRIVED: Final = ("arrived", "triaged", "in-progress", "onleave", "finished", "cancelled")


def unwanted(resource: Json, choices: Choices) -> str | None:
    """Say why SATUSEHAT has no place for a resource, or give None when it has one."""
    if is_read(resource):
        return "it was read from SATUSEHAT"
    judge = JUDGES.get(resource.get("resourceType", ""))
    if judge is None:
        return "SATUSEHAT does not take resources of this type from us"
    return judge(resource, choices)


def national(concept: Json | None, choices: Choices) -> list[Json]:
    """Give the codings of a concept that others know: those outside our own canonical base."""
    ours = choices.canonical.rstrip("/") + "/"
    return [
        dict(each)
        for each in (concept or {}).get("coding", ())
        if (each.get("code") or each.get("display"))
        and each.get("system")
        and not each["system"].startswith(ours)
    ]


def has_code(resource: Json, system: str, *codes: str) -> bool:
    """Say whether `code`, `type` or `category` of a resource names one of the codes."""
    concepts = [resource.get("code"), *_listed(resource.get("type"))]
    concepts += _listed(resource.get("category"))
    return any(
        coding.get("system") == system and coding.get("code") in codes
        for concept in concepts
        if isinstance(concept, dict)
        for coding in concept.get("coding", ())
    )


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _always(_resource: Json, _choices: Choices) -> str | None:
    return None


def _person(resource: Json, choices: Choices) -> str | None:
    known = {c.NIK, *c.PATIENT_NUMBERS, c.PRACTITIONER_NUMBER}
    systems = {each.get("system") for each in resource.get("identifier", ())}
    if systems & known or (c.NIK_MOTHER in systems and choices.newborn):
        return None
    if c.NIK_MOTHER in systems:
        return "newborns are not registered there (FHIR_SATUSEHAT_NEWBORN)"
    return "without NIK or IHS number nobody is found there"


def _organization(resource: Json, choices: Choices) -> str | None:
    if not choices.facility:
        return "which Organization is ours is not said (FHIR_SATUSEHAT_FACILITY)"
    if resource.get("id") == choices.facility:
        return "our own facility is registered by Kemenkes, not by us"
    return None if resource.get("partOf") else "another facility"


def _location(resource: Json, _choices: Choices) -> str | None:
    kinds = [e.get("code") for e in resource.get("physicalType", {}).get("coding", ())]
    if not set(kinds) & set(ROOMS) or "managingOrganization" not in resource:
        return "no room of a facility"
    return None


def _encounter(resource: Json, choices: Choices) -> str | None:
    if not resource.get("subject", {}).get("reference", "").startswith("Patient/"):
        return "a visit of no single patient"
    if resource.get("status") not in ARRIVED:
        return "the patient has not come yet"
    if resource.get("class", {}).get("code") == "VR" and not choices.virtual_class:
        return "teleconsultations are not sent (FHIR_SATUSEHAT_VIRTUAL_CLASS)"
    return None


def _condition(resource: Json, choices: Choices) -> str | None:
    if not national(resource.get("code"), choices):
        return "no code that others know"
    said_by_patient = resource.get("asserter", {}).get("reference", "").startswith("Patient/")
    if said_by_patient and "encounter" not in resource:
        return "what a patient says outside a visit is no condition yet"
    return None


def _observation(resource: Json, choices: Choices) -> str | None:
    if resource.get("status") in {"registered", "cancelled"}:
        return "no result"
    if not national(resource.get("code"), choices):
        return "a code of our own"
    if "encounter" not in resource and _is_monitoring(resource):
        return "a reading of monitoring at home, outside any visit"
    is_panel = "hasMember" in resource and not any(k.startswith("value") for k in resource)
    return "its members are sent one by one" if is_panel else None


def _is_monitoring(resource: Json) -> bool:
    """Say whether a patient measured it, or it was asked for by a plan and not at a visit."""
    named = [*resource.get("performer", ()), *resource.get("basedOn", ())]
    kinds = {each.get("reference", "").partition("/")[0] for each in named}
    return bool(kinds & {"Patient", "RelatedPerson", "CarePlan"})


def _service_request(resource: Json, choices: Choices) -> str | None:
    if resource.get("status") not in ORDERED:
        return "not ordered"
    if not (national(resource.get("code"), choices) or is_follow_up(resource, choices)):
        return "a code of our own"
    if _ours(resource, choices, "jenis-rujukan", ("internal", "sosial", "hukum")):
        return "a referral within the facility or outside health care"
    if _ours(resource, choices, "jenis-rujukan", ("rujuk-balik",)) and not choices.back_referral:
        return "back-referrals are not sent (FHIR_SATUSEHAT_BACK_REFERRAL)"
    return None


def is_follow_up(resource: Json, choices: Choices) -> bool:
    """Say whether a request is to come back to one of our units on another day."""
    units = f"{choices.canonical.rstrip('/')}/CodeSystem/unit-layanan"
    codings = resource.get("code", {}).get("coding", ())
    names_unit = any(each.get("system") == units for each in codings)
    return names_unit and "occurrenceDateTime" in resource and "category" not in resource


def _ours(resource: Json, choices: Choices, system: str, codes: tuple[str, ...]) -> bool:
    return has_code(resource, f"{choices.canonical.rstrip('/')}/CodeSystem/{system}", *codes)


def _procedure(resource: Json, choices: Choices) -> str | None:
    return None if national(resource.get("code"), choices) else "no code that others know"


def _drug(resource: Json, _choices: Choices) -> str | None:
    if resource.get("status") in {"draft", "preparation", "declined", "unknown"}:
        return "not ordered, or not handed over"
    if "medicationReference" in resource:
        return None
    codings = resource.get("medicationCodeableConcept", {}).get("coding", ())
    return None if any(e.get("system") == c.KFA for e in codings) else "no KFA code"


def _composition(resource: Json, _choices: Choices) -> str | None:
    kinds = {e.get("code") for e in resource.get("type", {}).get("coding", ())}
    return None if kinds & set(c.RESUMES) else "no resume of a visit"


def _episode(resource: Json, choices: Choices) -> str | None:
    systems = (choices.episode_type, c.EPISODE_TYPE)
    is_known = any(has_code(resource, system, *c.EPISODES) for system in systems)
    return None if is_known else "no episode of a national programme"


def _answers(resource: Json, choices: Choices) -> str | None:
    form = resource.get("questionnaire", "")
    if form.partition("|")[0] in {c.Q100, c.Q101}:
        return "answers for SATUSEHAT Rujukan go inside of its Task"
    if form.startswith(c.QUESTIONNAIRE) or form == f"{choices.canonical.rstrip('/')}/{KSPR}":
        return None
    return "a form of our own"


def _plan(resource: Json, _choices: Choices) -> str | None:
    if not resource.get("subject", {}).get("reference", "").startswith("Patient/"):
        return "a plan for no single patient"
    if resource.get("status") == "draft":
        return "not decided"
    return None if "encounter" in resource else "made at no visit"


def _impression(resource: Json, _choices: Choices) -> str | None:
    return None if "prognosisCodeableConcept" in resource else "no prognosis"


KSPR: Final = "Questionnaire/kspr"
JUDGES: Final[dict[str, Judge]] = {
    "Organization": _organization,
    "Location": _location,
    "Practitioner": _person,
    "Patient": _person,
    "EpisodeOfCare": _episode,
    "Encounter": _encounter,
    "Condition": _condition,
    "Observation": _observation,
    "AllergyIntolerance": _always,
    "ServiceRequest": _service_request,
    "Specimen": _always,
    "DiagnosticReport": _always,
    "Procedure": _procedure,
    "Medication": _always,
    "MedicationRequest": _drug,
    "MedicationDispense": _drug,
    "MedicationStatement": _drug,
    "Immunization": _always,
    "CarePlan": _plan,
    "ClinicalImpression": _impression,
    "QuestionnaireResponse": _answers,
    "Composition": _composition,
}
