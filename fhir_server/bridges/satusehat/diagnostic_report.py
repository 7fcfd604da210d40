"""Specimen and DiagnosticReport: a report of many examinations goes as one report for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.parts import examinations, first_code
from fhir_server.bridges.satusehat.visits import visit_reference, with_facility

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.draft import Draft
    from fhir_server.bridges.satusehat.payload import Rendering, Request

    Json = dict[str, Any]

SPECIMEN: Final = (
    "status",
    "type",
    "subject",
    "receivedTime",
    "request",
    "collection",
    "processing",
    "container",
    "condition",
    "note",
    "extension",
)
REPORT: Final = (
    "basedOn",
    "status",
    "category",
    "code",
    "subject",
    "effectiveDateTime",
    "effectivePeriod",
    "issued",
    "performer",
    "specimen",
    "result",
    "imagingStudy",
    "conclusion",
    "conclusionCode",
)
IMAGING: Final = "RAD"


def specimen(draft: Draft) -> Rendering:
    """Write a specimen of an examination that is asked for there."""
    found = draft.resource
    body = draft.body(found, SPECIMEN)
    if not body.get("request"):
        draft.refuse(
            "Specimen.request", "of no request SATUSEHAT knows", "pengantar lab untuk spesimen ini"
        )
    for each in body.get("type", {}).get("coding", ()):
        each["code"] = c.SPECIMEN_TYPES.get(each["code"], each["code"])
    collected = found.get("collection", {}).get("collectedDateTime")
    if "receivedTime" not in body and collected:
        body["receivedTime"] = draft.instant(collected, "Specimen.collection.collectedDateTime")
    system, value = draft.identified()
    assigner = draft.own_organization()
    body["identifier"] = [{"system": system, "value": value, "assigner": assigner}]
    subject = body["subject"]["reference"].rpartition("/")[2] if "subject" in body else ""
    return draft.result(draft.request(body, (system, value), search=(("subject", subject),)))


def report(draft: Draft) -> Rendering:
    """Write a report, or one for each examination of a report on several."""
    body = _common(draft)
    each = examinations(draft.resource, draft.known.local)
    if not each:
        body["result"] = body.get("result", [])
        return draft.result(_request(draft, body, _code(body)))
    requests = [_one(draft, body, code, found) for code, found in each.items()]
    return draft.result(*requests)


def _common(draft: Draft) -> Json:
    found = draft.resource
    body = draft.body(found, REPORT)
    moment = found.get("effectiveDateTime") or found.get("issued")
    body["encounter"] = visit_reference(draft, found.get("encounter"), moment)
    performers = body.get("performer", [])
    body["performer"] = with_facility(draft, performers)
    return body


def _one(draft: Draft, common: Json, code: str, result: Json) -> Request:
    """Write the report of one examination: its request, specimen and result, and its section."""
    whole = {k: v for k, v in common.items() if k not in {"basedOn", "specimen", "result"}}
    own = draft.body(
        {"resourceType": "DiagnosticReport"}
        | {k: result[k] for k in ("basedOn", "code") if k in result},
        ("basedOn", "code"),
    )
    reference = {"reference": f"Observation/{result['id']}"}
    own["result"] = list(draft.references(reference))
    if taken := draft.reference(result.get("specimen")):
        own["specimen"] = [taken]
    return _request(draft, whole | own, code, part=code)


def _request(draft: Draft, body: Json, code: str, *, part: str = "") -> Request:
    section = _section(body, code)
    body["category"] = [{"coding": [{"system": c.REPORT_CATEGORY, "code": section}]}]
    kind = c.REPORT_KINDS[section == IMAGING]
    system, value = draft.identified(None, kind, part=part)
    body["identifier"] = [{"use": "official", "system": system, "value": value}]
    visit = str((body["encounter"] or {}).get("reference", "")).rpartition("/")[2]
    body = {k: v for k, v in body.items() if v not in (None, [], {})}
    return draft.request(body, (system, value), part=part, search=(("encounter", visit),))


def _section(body: Json, code: str) -> str:
    """Give the section of the laboratory: the one that is said, else that of the code."""
    codings = (e for kind in body.get("category", ()) for e in kind.get("coding", ()))
    said = [e["code"] for e in codings if e.get("system") == c.REPORT_CATEGORY]
    return next((e for e in said if e != "LAB"), c.REPORT_SECTIONS.get(code, "LAB"))


def _code(body: Json) -> str:
    return first_code(body)
