"""Observation: a blood pressure goes as two, and answers in the words SATUSEHAT lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.parts import first_code, parts_of
from fhir_server.bridges.satusehat.visits import (
    attender,
    is_antenatal,
    programme,
    visit_of,
    with_facility,
)
from fhir_server.bridges.satusehat.wanted import has_code, national

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.choices import Choices
    from fhir_server.bridges.satusehat.draft import Draft
    from fhir_server.bridges.satusehat.payload import Rendering

    Json = dict[str, Any]

ELEMENTS: Final = (
    "basedOn",
    "status",
    "category",
    "code",
    "subject",
    "effectiveDateTime",
    "effectivePeriod",
    "issued",
    "performer",
    "valueQuantity",
    "valueCodeableConcept",
    "valueString",
    "valueBoolean",
    "valueInteger",
    "valueDateTime",
    "valuePeriod",
    "interpretation",
    "note",
    "bodySite",
    "method",
    "specimen",
    "referenceRange",
    "derivedFrom",
    "component",
)
COMMON: Final = tuple(e for e in ELEMENTS if e not in {"code", "interpretation", "component"})
EXAM: Final = {"system": c.OBSERVATION_CATEGORY, "code": "exam", "display": "Exam"}


def result(draft: Draft) -> Rendering:
    """Write one Observation, or one for each half of a blood pressure."""
    requests = [_request(draft, body, part) for part, body in _bodies(draft)]
    return draft.result(*requests)


def _bodies(draft: Draft) -> list[tuple[str, Json]]:
    found = draft.resource
    halves = parts_of(found, draft.known.local)
    if not halves:
        return [("", _completed(draft, draft.body(found, ELEMENTS)))]
    common = draft.body(found, COMMON)
    components = {first_code(each): each for each in found["component"]}
    written = []
    for code in halves:
        own = draft.sent(components[code], "component", "Observation.component")
        written.append((code, _completed(draft, common | own)))
    return written


def _completed(draft: Draft, body: Json) -> Json:
    """Fill what SATUSEHAT demands, and say codes and answers in its words."""
    found = draft.resource
    moment = found.get("effectiveDateTime") or found.get("issued")
    visit = visit_of(draft, found.get("encounter"), moment)
    body["encounter"] = draft.reference({"reference": visit})
    if "effectiveDateTime" in body:
        body.setdefault("issued", body["effectiveDateTime"])
    if not body.get("performer"):
        body["performer"] = [_performer(draft, visit)]
    kinds = [each for each in body.get("category", ()) if each.get("coding")]
    body["category"] = kinds or [{"coding": [EXAM]}]
    is_ordered = "specimen" in found or "basedOn" in found
    if is_ordered and has_code(found, c.OBSERVATION_CATEGORY, "laboratory"):
        body["performer"] = with_facility(draft, body["performer"])
    body["code"] = _translated(draft, body["code"], visit)
    code = first_code(body)
    if (kind := c.OBSERVATION_CATEGORIES.get(code)) is not None:
        body["category"] = [{"coding": [{"system": c.OBSERVATION_CATEGORY, "code": kind}]}]
    if "valueCodeableConcept" in found and "component" not in found:
        _answer(draft, body, code)
    return body


def _performer(draft: Draft, visit: str) -> Json:
    if person := attender(draft, visit):
        return person
    draft.refuse(
        "Observation.performer",
        "SATUSEHAT takes no result without a practitioner it knows",
        "pemeriksa pada hasil ini, atau petugas pada kunjungannya, dengan NIK",
    )
    return {}


def _translated(draft: Draft, concept: Json, visit: str) -> Json:
    """Write the code of an observation, with the data element of ANC at antenatal visits."""
    codings = [dict(each) for each in concept.get("coding", ())]
    for each in codings:
        if each["code"] == c.HEAD_ENGAGEMENT:
            each["system"] = draft.choices.head_system
        if each["code"] in c.STOOL and each["system"] == c.SNOMED:
            each["code"] = draft.choices.stool_code
        if each["code"] == c.PARITY_ANC and _is_puerperal(draft, visit):
            each |= {"code": c.PARITY_PNC, "display": "[#] Parity"}
    if codings and is_antenatal(draft, visit):
        first = codings[0]
        element = c.ANC_CODES.get((first["system"], first["code"]))
        if element and element[1] not in {each["code"] for each in codings}:
            codings.append({"system": element[0], "code": element[1]})
    return {k: v for k, v in concept.items() if k != "coding"} | {"coding": codings}


def _is_puerperal(draft: Draft, visit: str) -> bool:
    return programme(draft, draft.known.local(visit) or {}) == "PNC"


def _answer(draft: Draft, body: Json, code: str) -> None:
    """Say an answer in the system SATUSEHAT lists for this question; else our word as text."""
    given = draft.resource["valueCodeableConcept"]
    known = c.ANSWERS.get(code, {})
    codings = [
        dict(zip(("system", "code"), known[key], strict=True))
        if (key := _pair(each)) in known
        else each
        for each in national(given, draft.choices)
    ]
    if not codings and (word := _own_word(draft.choices, given)):
        sct = c.CONSCIOUSNESS.get(word)
        codings = [{"system": c.SNOMED, "code": sct}] if sct else []
        given = {"text": word} | given
    if code == c.HEAD_ENGAGEMENT:
        codings = [each | {"system": draft.choices.head_system} for each in codings]
    text = given.get("text")
    value = ({"coding": codings} if codings else {}) | ({"text": text} if text else {})
    body["valueCodeableConcept"] = value


def _pair(coding: Json) -> tuple[str, str]:
    return coding["system"], coding["code"]


def _own_word(choices: Choices, concept: Json) -> str | None:
    ours = choices.canonical.rstrip("/") + "/"
    codings = concept.get("coding", ())
    return next((e["code"] for e in codings if e.get("system", "").startswith(ours)), None)


def _request(draft: Draft, body: Json, part: str) -> Any:
    system, value = draft.identified(part=part)
    body["identifier"] = [{"system": system, "value": value}]
    visit = str((body["encounter"] or {}).get("reference", "")).rpartition("/")[2]
    return draft.request(body, (system, value), part=part, search=(("encounter", visit),))
