"""Immunization: a dose that was given here, reported from before, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.visits import attender, visit_of

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.draft import Draft
    from fhir_server.bridges.satusehat.payload import Rendering

    Json = dict[str, Any]

ELEMENTS: Final = (
    "status",
    "statusReason",
    "vaccineCode",
    "patient",
    "occurrenceDateTime",
    "recorded",
    "primarySource",
    "reportOrigin",
    "location",
    "lotNumber",
    "expirationDate",
    "site",
    "route",
    "doseQuantity",
    "note",
    "reasonCode",
    "reaction",
    "protocolApplied",
)
ENTERING: Final = {"system": c.PROVIDER_FUNCTION, "code": "EP", "display": "Entering Provider"}
ORDERING: Final = {"system": c.PROVIDER_FUNCTION, "code": "OP", "display": "Ordering Provider"}
GIVING: Final = {"system": c.PROVIDER_FUNCTION, "code": "AP", "display": "Administering Provider"}


def dose(draft: Draft) -> Rendering:
    """Write a dose; one from before is entered, not given, and has no lot of ours."""
    found = draft.resource
    visit = visit_of(draft, found.get("encounter"), found.get("occurrenceDateTime"))
    body = draft.body(found, ELEMENTS)
    body["encounter"] = draft.reference({"reference": visit})
    body.setdefault("recorded", body.get("occurrenceDateTime"))
    if not body.get("reasonCode"):
        draft.refuse("Immunization.reasonCode", "missing (rule 10105)", "alasan imunisasi (IM-…)")
    is_given = found["status"] == "completed" and found.get("primarySource", True)
    body["performer"] = _performers(draft, visit, is_given=bool(is_given))
    if is_given and not _is_reported(body):
        _demand(draft, body)
    system, value = draft.identified()
    body["identifier"] = [{"use": "official", "system": system, "value": value}]
    patient = str((body.get("patient") or {}).get("reference", "")).rpartition("/")[2]
    return draft.result(draft.request(body, (system, value), search=(("patient", patient),)))


def _is_reported(body: Json) -> bool:
    """Say whether somebody else's dose is only entered here (a kader reports it)."""
    functions = (each.get("function", {}) for each in body["performer"])
    return any(e.get("code") == "EP" for f in functions for e in f.get("coding", ()))


def _demand(draft: Draft, body: Json) -> None:
    """Demand what SATUSEHAT demands of a new dose."""
    wanted = {
        "lotNumber": ("rule 10306", "nomor lot vaksin"),
        "expirationDate": ("rule 10307", "tanggal kedaluwarsa vaksin"),
        "protocolApplied": ("rule 10450", "dosis ke berapa"),
    }
    for element, (rule, remedy) in wanted.items():
        if element not in body:
            draft.refuse(f"Immunization.{element}", f"missing ({rule})", remedy)


def _performers(draft: Draft, visit: str, *, is_given: bool) -> list[Json]:
    """Give who gave, ordered or entered it; SATUSEHAT demands the function of one of them."""
    found: list[Json] = []
    for each in draft.resource.get("performer", ()):
        if actor := draft.reference(each.get("actor")):
            function = draft.sent(each.get("function", {}), "function", "Immunization.performer")
            if draft.resource["status"] == "not-done":
                function = _ordered(function)
            found.append(({"function": function} if function else {}) | {"actor": actor})
    if not any("function" in each for each in found) and (person := attender(draft, visit)):
        function = _function(draft, is_given=is_given)
        found.insert(0, {"function": {"coding": [function]}, "actor": person})
    return found


def _ordered(function: Json) -> Json:
    """Say of who did not give a dose that it was theirs to order."""
    codings = function.get("coding", ())
    return {"coding": [ORDERING]} if any(e.get("code") == "AP" for e in codings) else function


def _function(draft: Draft, *, is_given: bool) -> Json:
    if not draft.resource.get("primarySource", True):
        return ENTERING
    return GIVING if is_given else ORDERING
