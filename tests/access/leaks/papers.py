"""SOP documents in a world: what the cases of ``tests/mappings`` become, about people of the world.

Their ids, and whatever they refer to that the world has, are its own; the rest stays as it was.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import yaml

from fhir_server.mappings import load_mappings, part_id
from tests.access.leaks.world import HOSPITALS, PEOPLE, WRITERS

CASES = Path(__file__).parents[2] / "mappings"
REFERENCE = re.compile(r'"reference": "([A-Z][A-Za-z]+)/([^"/#]+)"')
LEFT_OUT = {"jejak_audit", "faskes", "petugas_kesehatan"}
"""What only the server writes, and what would make people somebody else."""

STAFF = [name for name, role, *_ in PEOPLE if role in {"bidan", "dokter", "perawat", "kader"}]
PLACES = ["Organization/pkm", "Organization/pkm", "Organization/pkm-lain", *HOSPITALS]


@cache
def cases(entity):
    """Read the cases of an entity: each document, its id, and the resources it becomes."""
    text = (CASES / f"{entity}.yaml").read_text("utf-8")
    return yaml.load(text, Loader=yaml.CSafeLoader)


def entities():
    """Name the entities that worlds have documents of."""
    return sorted(set(load_mappings()) - LEFT_OUT)


def file_papers(world, chance, number):
    """Put so many documents into a world."""
    names = entities()
    for place in range(number):
        entity = chance.choice(names)
        _file(world, chance, entity, chance.choice(cases(entity)), f"{entity}-{place}")


def _file(world, chance, entity, case, name):
    own_id = name.replace("_", "-")
    mapping = load_mappings()[entity]
    known = {}
    for role, each in case["fhir"].items():
        before, after = part_id(case["id"], role), part_id(own_id, role)
        known[f"{each['resourceType']}/{before}"] = f"{each['resourceType']}/{after}"
    choices = _choices(world, chance)
    authors = chance.choice(WRITERS)
    for role, each in case["fhir"].items():
        text = REFERENCE.sub(lambda found: _moved(found, known, choices), json.dumps(each))
        document = json.loads(text)
        kind = document.pop("resourceType")
        document.pop("meta", None)
        key = f"{kind}/{part_id(own_id, role)}"
        world.put(key, authors, label=chance.choice([None, None, None, "HIV"]), **document)
    primary = f"{mapping.resource_type}/{own_id}"
    world.papers.setdefault(entity, []).append((primary, case["sop"]))


def _choices(world, chance):
    """Say whom and what the references of one document lead to."""
    people = iter(chance.sample(sorted(world.of("Patient")), 4))
    patients: dict[str, str] = {}
    places: dict[str, str] = {}
    somebody = chance.choice(STAFF)

    def chosen(kind, name):
        if kind == "Patient":
            return patients.setdefault(name, next(people, "Patient/p0"))
        if kind == "Organization":
            return places.setdefault(name, chance.choice(PLACES))
        if kind in {"Practitioner", "PractitionerRole"}:
            return f"{kind}/{somebody}"
        if kind == "Encounter" and patients:
            subject = {"reference": next(iter(patients.values()))}
            found = [k for k, e in world.of(kind).items() if e.get("subject") == subject]
            return chance.choice(found) if found else f"{kind}/{name}"
        return f"{kind}/{name}"

    return chosen


def _moved(found, known, chosen):
    key = f"{found[1]}/{found[2]}"
    return f'"reference": "{known.get(key) or chosen(found[1], found[2])}"'
