"""Promises kept by every request, over every resource of every case of our mappings."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from functools import cache

import pytest

from fhir_server.bridges.satusehat import constants
from fhir_server.bridges.satusehat.choices import Choices
from fhir_server.bridges.satusehat.render import MAPPERS, ORDER
from fhir_server.bridges.satusehat.wanted import JUDGES
from fhir_server.config import Settings
from tests.bridges.satusehat.world import OURS, ROLE, ROOM, THERE, VISIT, World, cases
from tools import build_satusehat

LOOKED_UP = ("Patient", "Practitioner")
SHARING = ("Medication", "Patient", "EpisodeOfCare")
"""One drug, one mother, and the two states in which our cases show one episode."""
LINKED = ("Condition", "Observation", "Procedure", "DiagnosticReport", "ServiceRequest")


@cache
def requests():
    """Send everything of all cases; whom and which visit they name without a case is there too."""
    named = {v for each in cases() for p, v in leaves(each) if p.endswith(".reference")}
    own = {f"{each['resourceType']}/{each['id']}" for each in cases()}
    people = {name for name in named | own if name.startswith(("Patient/", "Practitioner/"))}
    remote = {name: f"{name[0]}-{name.partition('/')[2]}" for name in people}
    missing = sorted(name for name in named - own if name.startswith("Encounter/"))
    visits = [VISIT | {"id": name.partition("/")[2], "identifier": []} for name in missing]
    choices = replace(OURS, virtual_class="AMB", back_referral=True)
    labs = sorted(name for name in named - own if name.startswith("Organization/"))
    there = THERE | {name: f"there-{name.partition('/')[2]}" for name in labs}
    world = World(*cases(), *visits, ROLE, ROOM, choices=choices, remote=remote | there)
    return tuple(world.send_all())


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, f"{path}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, path)
    else:
        yield path, value


def containers(value):
    if isinstance(value, dict | list):
        yield value
        for each in value.values() if isinstance(value, dict) else value:
            yield from containers(each)


def test_many_kinds_of_resources_of_our_mappings_are_sent():
    assert len({each.type for each in requests()}) >= 15


def test_no_system_of_our_own_leaves():
    said = [(e.key, value) for e in requests() for _, value in leaves(e.body)]

    assert [each for each in said if "puskesmas.example" in str(each[1])] == []


def test_every_body_is_plain_json():
    said = [(e.key, value) for e in requests() for _, value in leaves(e.body)]

    assert [each for each in said if not isinstance(each[1], str | int | float | bool)] == []


def test_nothing_empty_is_sent():
    assert [e.key for e in requests() for each in containers(e.body) if not each] == []


def test_every_reference_is_one_of_satusehat_or_to_what_is_contained():
    there = re.compile(r"^([A-Z][A-Za-z]+/(there-|P-|P02|N1|room-1|visit-1|10000004$|\d+$)|#)")
    said = [(p, v) for e in requests() for p, v in leaves(e.body) if p.endswith(".reference")]

    assert [each for each in said if not there.match(each[1])] == []


def test_every_time_is_in_utc_to_the_second():
    moment = re.compile(r"^\d{4}-\d\d-\d\dT")
    said = [(p, v) for e in requests() for p, v in leaves(e.body) if moment.match(str(v))]

    assert said
    assert [each for each in said if not re.fullmatch(r"[-\dT:]{19}\+00:00", each[1])] == []


def test_every_result_names_its_visit_and_who_made_it():
    results = [e.body for e in requests() if e.type in LINKED]

    assert [each for each in results if "encounter" not in each] == []
    assert [each for each in results if each["resourceType"] == "Observation"] != []
    assert [e for e in results if e["resourceType"] == "Observation" and not e["performer"]] == []


def test_keys_and_identifiers_are_each_of_one_resource():
    keys = {}
    for each in requests():
        if each.identifier and each.type not in SHARING:
            keys.setdefault((each.type, each.identifier), set()).add(each.key)

    assert [found for found in keys.values() if len(found) > 1] == []


def test_what_is_there_is_updated_under_its_own_id():
    updates = [each for each in requests() if each.method == "PUT"]

    assert updates
    assert [each for each in updates if each.body["id"] != each.remote] == []


def test_no_name_of_a_person_goes_beside_a_reference():
    people = [each for each in cases() if each["resourceType"] in LOOKED_UP]
    names = {text["text"] for each in people for text in each.get("name", ()) if "text" in text}
    said = [(e.type, v) for e in requests() for _, v in leaves(e.body) if v in names]

    assert [each for each in said if each[0] != "Patient"] == []


def test_every_type_that_is_judged_has_a_mapper():
    assert set(JUDGES) == set(MAPPERS)
    assert ORDER.index("EpisodeOfCare") < ORDER.index("Encounter") < ORDER.index("Condition")
    assert ORDER[:4] == ("Organization", "Location", "Practitioner", "Patient")


def test_every_choice_is_a_setting_with_the_same_default():
    assert Choices.from_settings(Settings()) == Choices()
    chosen = {each.name for each in fields(Choices)} - {"canonical"}
    assert chosen <= {name.removeprefix("satusehat_") for name in Settings.__slots__}


@pytest.mark.parametrize("choice", [f.name for f in fields(Choices)])
def test_a_setting_reaches_the_choice(choice):
    name = "canonical" if choice == "canonical" else f"satusehat_{choice}"
    other = not getattr(Settings(), name) if isinstance(getattr(Settings(), name), bool) else "lain"

    settings = replace(Settings(), **{name: other})

    assert getattr(Choices.from_settings(settings), choice) == other


def test_addresses_and_systems_stand_in_one_table():
    table = vars(constants)
    listed = [value for value in table.values() if isinstance(value, str) and "://" in value]

    assert len(listed) >= 40


def test_the_page_says_what_the_tables_say():
    assert build_satusehat.PAGE.read_text("utf-8") == build_satusehat.text()
