"""The national index: who is known by which NIK, and how little of it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.satusehat_simulator.world import Document, World

NIK = "https://fhir.kemkes.go.id/id/nik"
NIK_IBU = "https://fhir.kemkes.go.id/id/nik-ibu"
IHS = "https://fhir.kemkes.go.id/id/ihs-number"
NAKES = "https://fhir.kemkes.go.id/id/nakes-his-number"
MASKED_NIK = "################"
TOLD = 3


def admit(world: World, kind: str, person: dict[str, Any]) -> str:
    """Enter a person (nik, name, gender, birthDate, consent) and give the id."""
    with world.lock:
        number = len(world.people) + 1
        id = person.get("id") or (f"P{number:011d}" if kind == "Patient" else f"N1{number:07d}")
        known = {"consent": True, **person, "id": id, "kind": kind}
        world.enter_person(known, _document(known))
    return str(id)


def _document(person: dict[str, Any]) -> Document:
    kind = person["kind"]
    own = IHS if kind == "Patient" else NAKES
    identifiers = [{"system": own, "use": "official", "value": person["id"]}]
    for name, system in (("nik", NIK), ("nikIbu", NIK_IBU)):
        if person.get(name):
            identifiers.append({"system": system, "use": "official", "value": person[name]})
    known = {name: person[name] for name in ("gender", "birthDate") if person.get(name)}
    return {
        "resourceType": kind,
        "id": person["id"],
        "active": True,
        "identifier": identifiers,
        "name": [{"use": "official", "text": person.get("name", "")}],
        **known,
    }


def told(resource: Document) -> Document:
    """Show a person as SATUSEHAT does: no sex, no date of birth, hardly a name."""
    if resource["resourceType"] not in {"Patient", "Practitioner"}:
        return resource
    shown = {name: resource[name] for name in ("resourceType", "id", "meta")}
    if resource["resourceType"] == "Patient":
        shown["active"] = True
    shown["identifier"] = [
        _masked(each, resource["resourceType"]) for each in resource["identifier"]
    ]
    text = " ".join(_censored(each) for each in resource["name"][0]["text"].split())
    return {**shown, "name": [{"use": "official", "text": text}]}


def _masked(identifier: Document, kind: str) -> Document:
    if identifier["system"] not in {NIK, NIK_IBU}:
        return identifier
    value = MASKED_NIK if kind == "Patient" else f"{'#' * 13}{identifier['value'][-TOLD:]}"
    return {**identifier, "value": value}


def _censored(word: str) -> str:
    return word[:1] + "*" * (len(word) - 1)
