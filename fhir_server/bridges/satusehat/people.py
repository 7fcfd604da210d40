"""Patient and Practitioner: looked up there by NIK; only newborns are registered by us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.payload import LookUp, NotWanted

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.draft import Draft
    from fhir_server.bridges.satusehat.payload import Rendering

NIK_LENGTH = 16
PATIENT = ("active", "identifier", "name", "telecom", "gender", "birthDate", "address")


def practitioner(draft: Draft) -> Rendering:
    """Look a practitioner up; facilities never write them."""
    return _looked_up(draft, _identifier(draft, c.PRACTITIONER_NUMBER))


def patient(draft: Draft) -> Rendering:
    """Look a patient up, or register a newborn by the mother's NIK."""
    is_newborn = _identifier(draft, c.NIK) is None and _identifier(draft, c.NIK_MOTHER) is not None
    number = next(filter(None, (_identifier(draft, each) for each in c.PATIENT_NUMBERS)), None)
    if not is_newborn or number:
        return _looked_up(draft, number)
    return _newborn(draft)


def _looked_up(draft: Draft, number: str | None) -> Rendering:
    """Ask by NIK, the sign of identity; by the number there only who has no NIK here."""
    if draft.known.remote(draft.name):
        return NotWanted("known there; SATUSEHAT keeps persons itself")
    kind = str(draft.resource["resourceType"])
    nik = _identifier(draft, c.NIK)
    if nik is not None and not (len(nik) == NIK_LENGTH and nik.isdecimal()):
        draft.refuse(f"{kind}.identifier", "the NIK has not 16 digits", "NIK 16 angka")
    search = ("identifier", f"{c.NIK}|{nik}") if nik else ("_id", number or "")
    return LookUp(kind, (search,), draft.name)


def _newborn(draft: Draft) -> Rendering:
    mother = _identifier(draft, c.NIK_MOTHER) or ""
    if draft.known.remote(draft.name):
        return NotWanted("registered there; SATUSEHAT keeps persons itself")
    body = draft.body(draft.resource, PATIENT)
    body["identifier"] = [
        {"use": "official", "system": c.NIK_MOTHER, "value": mother},
        *_card(draft),
    ]
    body["multipleBirthInteger"] = draft.resource.get("multipleBirthInteger", 0)
    if status := draft.choices.newborn_marital:
        body["maritalStatus"] = {"coding": [{"system": c.MARITAL_STATUS, "code": status}]}
    with_area(draft, body)
    search = (("identifier", f"{c.NIK_MOTHER}|{mother}"),)
    return draft.result(draft.request(body, (c.NIK_MOTHER, mother), search=search))


def _card(draft: Draft) -> list[dict[str, str]]:
    """Give the BPJS card under the system that the operator named, if any."""
    system = draft.choices.bpjs_system
    card = _identifier(draft, f"{draft.choices.canonical.rstrip('/')}/sid/no-bpjs")
    return [{"system": system, "value": card}] if system and card else []


def with_area(draft: Draft, body: dict[str, Any]) -> None:
    """Name the address extension as this installation is to name it."""
    address = body.get("address", [])
    for each in address if isinstance(address, list) else [address]:
        for extension in each.get("extension", ()):
            if extension["url"].lower() == f"{c.STRUCTURE}/administrativecode".lower():
                extension["url"] = f"{c.STRUCTURE}/{draft.choices.administrative_code}"


def _identifier(draft: Draft, system: str) -> str | None:
    identifiers = draft.resource.get("identifier", ())
    return next((e.get("value") for e in identifiers if e.get("system") == system), None)
