"""MedicationRequest, MedicationDispense, MedicationStatement, and the Medication they name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.ownership import local_name
from fhir_server.bridges.satusehat.payload import Request
from fhir_server.bridges.satusehat.visits import visit_reference

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.draft import Draft
    from fhir_server.bridges.satusehat.payload import Rendering

    Json = dict[str, Any]

REQUEST: Final = (
    "basedOn",
    "status",
    "statusReason",
    "intent",
    "category",
    "priority",
    "subject",
    "authoredOn",
    "requester",
    "reasonCode",
    "reasonReference",
    "courseOfTherapyType",
    "note",
    "dosageInstruction",
    "dispenseRequest",
    "substitution",
)
DISPENSE: Final = (
    "status",
    "category",
    "subject",
    "performer",
    "location",
    "authorizingPrescription",
    "quantity",
    "daysSupply",
    "whenPrepared",
    "whenHandedOver",
    "note",
    "dosageInstruction",
    "substitution",
)
STATEMENT: Final = (
    "status",
    "category",
    "subject",
    "effectiveDateTime",
    "effectivePeriod",
    "dateAsserted",
    "informationSource",
    "reasonCode",
    "note",
    "dosage",
)
DRUG: Final = ("code", "status", "manufacturer", "form", "amount", "ingredient", "batch")
SIGNA: Final = re.compile(r"\s*(\d+)\s*[xX]\s*(\d+(?:[.,]\d+)?)\s*([A-Za-z]*)")
PRODUCT: Final = "93"
PART: Final = "obat"


def drug(draft: Draft) -> Rendering:
    """Write a drug that a prescription refers to, where it is not sent inside of it."""
    if draft.choices.medication == "contained":
        draft.refuse("Medication", "goes inside of its prescription", "kirim resepnya")
    body = _drug(draft, draft.resource)
    identifier = body["identifier"][0]
    return draft.result(draft.request(body, (identifier["system"], identifier["value"])))


def prescription(draft: Draft) -> Rendering:
    """Write one item of a prescription."""
    found = draft.resource
    body = draft.body(found, REQUEST)
    visit = visit_reference(draft, found.get("encounter"), found.get("authoredOn"))
    body["encounter"] = visit
    category = {"system": c.REQUEST_CATEGORY, "code": "outpatient", "display": "Outpatient"}
    body["category"] = [{"coding": [category]}]
    body.setdefault("priority", "routine")
    body["dosageInstruction"] = [_dosage(e) for e in body.get("dosageInstruction", ())]
    supply = body.setdefault("dispenseRequest", {})
    if "quantity" in supply:
        supply["quantity"] = _quantity(supply["quantity"])
    if not supply.get("performer"):
        supply["performer"] = draft.own_organization()
    return _with_drug(draft, body, _number(draft, found), ("encounter", visit))


def dispense(draft: Draft) -> Rendering:
    """Write what was handed over; SATUSEHAT wants the product (93…), not the substance."""
    found = draft.resource
    codes = [e["code"] for e in _concept(draft).get("coding", ()) if e.get("system") == c.KFA]
    if codes and not codes[0].startswith(PRODUCT):
        draft.refuse(
            "MedicationDispense.medication",
            f"{codes[0]} is no product",
            "kode KFA produk (93…) pada penyerahan obat",
        )
    body = draft.body(found, DISPENSE)
    moment = found.get("whenHandedOver") or found.get("whenPrepared")
    visit = visit_reference(draft, found.get("context"), moment)
    body["context"] = visit
    category = {"system": c.DISPENSE_CATEGORY, "code": "outpatient", "display": "Outpatient"}
    body.setdefault("category", {"coding": [category]})
    if "quantity" in body:
        body["quantity"] = _quantity(body["quantity"])
    asked = _asked(draft)
    if "dosageInstruction" not in body and asked:
        body["dosageInstruction"] = draft.sent(asked.get("dosageInstruction", []), "", "")
    body["dosageInstruction"] = [_dosage(e) for e in body.get("dosageInstruction", ())]
    return _with_drug(draft, body, _number(draft, asked or found), ("context", visit))


def statement(draft: Draft) -> Rendering:
    """Write what a patient says to have taken."""
    found = draft.resource
    body = draft.body(found, STATEMENT)
    visit = visit_reference(draft, found.get("context"), found.get("dateAsserted"))
    body["context"] = visit
    return _with_drug(draft, body, None, ("context", visit))


def _with_drug(
    draft: Draft, body: Json, number: tuple[str, str] | None, by: tuple[str, Json | None]
) -> Rendering:
    """Add identifiers and the drug: referred to, contained, or sent first (rendered again then)."""
    if number is not None:
        named = (c.PRESCRIPTION, c.IDENTIFIERS["MedicationRequest"])
        body["identifier"] = [
            {"use": "official", "system": draft.system(word), "value": value}
            for word, value in zip(named, number, strict=True)
        ]
    else:
        system, value = draft.identified()
        body["identifier"] = [{"use": "official", "system": system, "value": value}]
    own = body["identifier"][-1]
    body = {k: v for k, v in body.items() if v not in (None, [], {})}
    first = _sent_first(draft, body)
    if first is not None:
        return draft.result(first, again=True)
    search = (_search(by), ("subject", _id(body.get("subject"))))
    return draft.result(draft.request(body, (own["system"], own["value"]), search=search))


def _sent_first(draft: Draft, body: Json) -> Request | None:
    """Put the drug into the body, or give the request that has to be sent before it."""
    named = draft.resource.get("medicationReference")
    is_apart = draft.choices.medication == "standalone" and local_name(named) is not None
    if is_apart and (reference := draft.reference(named)):
        body["medicationReference"] = reference
        return None
    written = _drug(draft, _medication(draft))
    if draft.choices.medication == "contained":
        body["contained"] = [{k: v for k, v in written.items() if k != "identifier"} | {"id": PART}]
        body["medicationReference"] = {"reference": f"#{PART}"}
        return None
    key = f"{draft.name}#{PART}"
    if remote := draft.known.remote(key):
        body["medicationReference"] = draft.written("Medication/x", remote)
        return None
    identifier = written["identifier"][0]
    return Request("POST", "Medication", written, key, (identifier["system"], identifier["value"]))


def _medication(draft: Draft) -> Json:
    """Give the drug as a Medication, from wherever the prescription says it."""
    found = draft.resource
    named = found.get("medicationReference", {}).get("reference", "")
    if named.startswith("#"):
        inside: list[Json] = found.get("contained", [])
        return next((each for each in inside if each.get("id") == named[1:]), {})
    if name := local_name(found.get("medicationReference")):
        return draft.known.local(name) or {}
    return {"code": found.get("medicationCodeableConcept", {})}


def _concept(draft: Draft) -> Json:
    return dict(_medication(draft).get("code", {}))


def _drug(draft: Draft, medication: Json) -> Json:
    written = draft.body({"resourceType": "Medication"} | medication, DRUG)
    written["meta"] = {"profile": [c.MEDICATION_PROFILE]}
    written.setdefault("status", "active")
    kind = {"coding": [{"system": c.MEDICATION_TYPE, "code": _kind(draft, medication)}]}
    given = [e for e in medication.get("extension", ()) if e.get("url") == c.MEDICATION_TYPE_URL]
    own = {"url": c.MEDICATION_TYPE_URL, "valueCodeableConcept": kind}
    written["extension"] = given or [own]
    system, value = draft.identified(c.IDENTIFIERS["Medication"])
    written["identifier"] = [{"use": "official", "system": system, "value": value}]
    return written


def _kind(draft: Draft, medication: Json) -> str:
    """Say whether a drug is mixed here: it has ingredients, and no number of a product."""
    codings = medication.get("code", {}).get("coding", ())
    is_product = any(each.get("system") == c.KFA for each in codings)
    is_mixed = bool(medication.get("ingredient")) and not is_product
    return draft.choices.compound_type if is_mixed else c.NOT_COMPOUNDED


def _asked(draft: Draft) -> Json | None:
    """Give the prescription that is dispensed."""
    for each in draft.resource.get("authorizingPrescription", ()):
        return draft.known.local(local_name(each) or "")
    return None


def _number(_draft: Draft, prescribed: Json) -> tuple[str, str]:
    """Give the number of the prescription and of its item; a dispense repeats both."""
    group = prescribed.get("groupIdentifier", {}).get("value")
    items = {e.get("system", "").split("/")[3:4][0]: e["value"] for e in _numbers(prescribed)}
    whole = items.get(c.PRESCRIPTION) or group or prescribed["id"]
    return str(whole), str(items.get("prescription-item") or f"{whole}-{prescribed['id']}")


def _numbers(prescribed: Json) -> list[Json]:
    identifiers = prescribed.get("identifier", ())
    return [e for e in identifiers if e.get("system", "").startswith(f"{c.SYS_IDS}/prescription")]


def _dosage(given: Json) -> Json:
    """Say `3 x 1 tablet` also in numbers: SATUSEHAT wants how often, how much and the route."""
    dosage: Json = {"sequence": 1} | given
    found = SIGNA.match(given.get("text", ""))
    if found is None or "timing" in given:
        return dosage
    times, amount, word = found.groups()
    repeat = {"frequency": int(times), "period": 1, "periodUnit": "d"}
    dosage["timing"] = {"repeat": repeat}
    if form := c.DRUG_FORMS.get(word.lower()):
        quantity = {"value": _amount(amount), "unit": form}
        ordered = {"coding": [{"system": c.DOSE_RATE, "code": "ordered", "display": "Ordered"}]}
        dose = quantity | {"system": c.DRUG_FORM, "code": form}
        dosage["doseAndRate"] = [{"type": ordered, "doseQuantity": dose}]
        dosage.setdefault(
            "route", {"coding": [{"system": c.ATC, "code": c.ORAL, "display": "Oral"}]}
        )
    return dosage


def _amount(text: str) -> int | float:
    whole = text.replace(",", ".")
    return float(whole) if "." in whole else int(whole)


def _quantity(given: Json) -> Json:
    form = c.DRUG_FORMS.get(str(given.get("unit", "")).lower())
    if form is None or "code" in given:
        return given
    return given | {"unit": form, "system": c.DRUG_FORM, "code": form}


def _search(by: tuple[str, Json | None]) -> tuple[str, str]:
    return by[0], _id(by[1])


def _id(reference: Json | None) -> str:
    return str((reference or {}).get("reference", "")).rpartition("/")[2]
