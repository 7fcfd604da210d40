"""POST Patient: a newborn by its mother's NIK, or a person the civil registry knows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from tools.satusehat_simulator.outcomes import Answer, Issue, Refused, duplicate, outcome
from tools.satusehat_simulator.people import NIK, NIK_IBU, admit, told
from tools.satusehat_simulator.world import identifiers

if TYPE_CHECKING:
    from tools.satusehat_simulator.world import Document, World

OLDEST = timedelta(days=60)


def check(world: World, resource: Document) -> None:
    """Refuse a person whom the index may not take in."""
    missing = [name for name in ("identifier", "name") if not resource.get(name)]
    if not any(name.startswith("multipleBirth") for name in resource):
        missing.append("multipleBirth[x]")
    if missing:
        raise Refused(
            outcome(400, *(Issue("value", f"Element not found: Patient.{name}", f"Patient.{name}")
                           for name in missing))
        )  # fmt: skip
    mother = value_of(resource, NIK_IBU)
    if mother:
        _newborn(world, resource, mother)
    elif world.with_identifier("Patient", f"{NIK}|{value_of(resource, NIK)}"):
        raise Refused(duplicate("Patient"))


def create(world: World, resource: Document) -> Answer:
    """Take a person into the index."""
    with world.lock:
        check(world, resource)
        person = {
            "nik": value_of(resource, NIK),
            "nikIbu": value_of(resource, NIK_IBU),
            "name": resource["name"][0].get("text", ""),
            "gender": resource.get("gender"),
            "birthDate": resource.get("birthDate"),
            "order": resource.get("multipleBirthInteger"),
        }
        id = admit(world, "Patient", person)
        mark = f"{NIK_IBU if person['nikIbu'] else NIK}|{person['nikIbu'] or person['nik']}"
        name = f"{mark}|{person['birthDate']}|{person['order']}"
        world.count("Patient", name, id)
        return Answer(201, told(world.resources["Patient"][id]))


def _newborn(world: World, resource: Document, mother: str) -> None:
    for each in world.with_identifier("Patient", f"{NIK}|{mother}"):
        if world.people["Patient", each["id"]].get("gender") == "male":
            raise Refused(outcome(400, Issue("exception", "Patient with nik-ibu is not female")))
    born = date.fromisoformat(str(resource.get("birthDate", "1900-01-01")))
    if datetime.now(UTC).date() - born > OLDEST and not world.ways.old_newborns:
        words = "birthDate of a newborn is more than 60 days ago"
        raise Refused(outcome(400, Issue("value", words, "Patient.birthDate")))
    for each in world.with_identifier("Patient", f"{NIK_IBU}|{mother}"):
        known = world.people["Patient", each["id"]]
        same = known.get("birthDate") == str(born)
        if same and known.get("order") == resource.get("multipleBirthInteger"):
            raise Refused(duplicate("Patient"))


def value_of(resource: Document, system: str) -> str:
    """Give the value of the identifier of a system."""
    found = (each for each in identifiers(resource) if each.get("system") == system)
    return str(next(found, {}).get("value", ""))
