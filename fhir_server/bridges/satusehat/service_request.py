"""ServiceRequest: an examination that is asked for, a referral, a visit to come back for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.ownership import author_elsewhere, local_name
from fhir_server.bridges.satusehat.payload import NotWanted
from fhir_server.bridges.satusehat.referral_steps import by_tasks, referral
from fhir_server.bridges.satusehat.visits import (
    attender,
    visit_of,
    visit_reference,
)
from fhir_server.bridges.satusehat.wanted import has_code, is_follow_up, national

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.draft import Draft
    from fhir_server.bridges.satusehat.payload import Rendering

    Json = dict[str, Any]

ELEMENTS: Final = (
    "basedOn",
    "status",
    "category",
    "priority",
    "code",
    "orderDetail",
    "subject",
    "occurrenceDateTime",
    "occurrencePeriod",
    "authoredOn",
    "requester",
    "performer",
    "locationCode",
    "locationReference",
    "reasonCode",
    "bodySite",
    "note",
    "patientInstruction",
)
OUTPATIENT: Final = {"system": c.ROLE_CODE, "code": "OF", "display": "Outpatient facility"}
COMING_BACK: Final = {"system": c.SNOMED, "code": c.FOLLOW_UP, "display": "Follow-up visit"}
HOSPITAL: Final = {"system": c.ROLE_CODE, "code": "HOSP", "display": "Hospital"}


def order(draft: Draft) -> Rendering:
    """Write a request; a facility that is to receive the patient must have a number there."""
    found = draft.resource
    if by_tasks(found, draft.choices):
        return referral(draft)
    if reason := author_elsewhere(found.get("requester"), draft.known):
        return NotWanted(reason)
    body = draft.body(found, ELEMENTS)
    body["intent"] = "original-order"
    body.setdefault("priority", "routine")
    moment = found.get("authoredOn") or found.get("occurrenceDateTime")
    body["encounter"] = visit_reference(draft, found.get("encounter"), moment)
    if "occurrenceDateTime" not in body and "authoredOn" in body:
        body["occurrenceDateTime"] = body["authoredOn"]
    body["category"] = _categories(body)
    if "locationCode" not in body and has_code(found, c.SNOMED, c.REFERRAL):
        body["locationCode"] = [{"coding": [HOSPITAL]}]
    if is_follow_up(found, draft.choices):
        _come_back(body)
    _ask(draft, body, moment)
    body["reasonCode"] = _reasons(draft, body)
    _tell_details(body)
    identifiers = _identifiers(draft)
    body["identifier"] = identifiers
    visit = str((body["encounter"] or {}).get("reference", "")).rpartition("/")[2]
    first = (identifiers[0]["system"], identifiers[0]["value"])
    body = {k: v for k, v in body.items() if v not in (None, [], {})}
    return draft.result(draft.request(body, first, search=(("encounter", visit),)))


def _come_back(body: Json) -> None:
    """Ask for a visit to come back for: the unit is said by its room, the reason in words."""
    text = body.get("code", {}).get("text")
    body["code"] = {"coding": [COMING_BACK]} | ({"text": text} if text else {})
    body["locationCode"] = [{"coding": [OUTPATIENT]}]
    if text:
        body.setdefault("reasonCode", [{"text": text}])


def _categories(body: Json) -> list[Json]:
    """Give a category to each coding, as SATUSEHAT writes referrals."""
    return [
        {k: v for k, v in each.items() if k != "coding"} | {"coding": [coding]}
        for each in body.get("category", ())
        for coding in each.get("coding", ())
    ]


def _ask(draft: Draft, body: Json, moment: str | None) -> None:
    """Say who asks and who is asked; both are people or facilities SATUSEHAT knows."""
    if not body.get("requester", {}).get("reference", "").startswith("Practitioner/"):
        person = attender(draft, visit_of(draft, draft.resource.get("encounter"), moment))
        body["requester"] = person
    if not draft.resource.get("performer"):
        body["performer"] = [draft.own_organization()]
    if not body.get("performer"):
        draft.refuse(
            "ServiceRequest.performer",
            "SATUSEHAT takes no request without a performer it knows",
            "kode SATUSEHAT (nomor faskes) pada data faskes tujuan, atau petugas pelaksana",
        )


def _reasons(draft: Draft, body: Json) -> list[Json]:
    """Give the reasons as codes: SATUSEHAT reads diagnoses of a request from reasonCode."""
    reasons = list(body.get("reasonCode", ()))
    said = {each.get("code") for reason in reasons for each in reason.get("coding", ())}
    for each in draft.resource.get("reasonReference", ()):
        condition = draft.known.local(local_name(each) or "") or {}
        codings = national(condition.get("code"), draft.choices)
        if codings and codings[0]["code"] not in said:
            text = condition["code"].get("text") or codings[0].get("display")
            reasons.append({"coding": codings[:1]} | ({"text": text} if text else {}))
    if not reasons and has_code(draft.resource, c.SNOMED, c.REFERRAL):
        reasons = [{"text": draft.resource.get("code", {}).get("text", "Rujukan")}]
    return reasons


def _tell_details(body: Json) -> None:
    """Move details in words to the notes: an orderDetail there has a code."""
    details = body.pop("orderDetail", [])
    coded = [each for each in details if each.get("coding")]
    if coded:
        body["orderDetail"] = coded
    words = [each["text"] for each in details if not each.get("coding") and each.get("text")]
    if words:
        body["note"] = [*body.get("note", []), *({"text": each} for each in words)]


def _identifiers(draft: Draft) -> list[Json]:
    """Give our number, and numbers that others gave (accession, DICOM) as they are."""
    given = draft.resource.get("identifier", ())
    ours = draft.choices.canonical.rstrip("/") + "/"
    own_system = f"{c.SYS_IDS}/servicerequest/"
    numbers = [e for e in given if e.get("system", "").startswith((ours, own_system))]
    referral = has_code(draft.resource, c.SNOMED, c.REFERRAL)
    value = numbers[0]["value"] if numbers and referral else None
    system, number = draft.identified(value=value)
    foreign = [
        e
        for e in given
        if e not in numbers and e.get("system") and e["system"] not in c.REFERRAL_NUMBERS
    ]
    return [{"system": system, "value": number}, *foreign]
