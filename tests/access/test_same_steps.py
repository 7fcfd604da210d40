"""What is hidden and what never was cost the same steps: a clock outside tells no more than words.

The commands that go to the database are counted and compared in their order, no times.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fhir_server.access.guard import entered
from fhir_server.auth.principals import Principal
from fhir_server.auth.scopes import ALL
from fhir_server.errors import FhirError
from fhir_server.interactions.request import Request
from fhir_server.operations import answer
from tests.access.leaks.asking import HOST, stored
from tests.access.leaks.world import VILLAGES, World
from tests.access.test_costs import HOSPITAL, MIDWIFE, counted  # noqa: F401
from tests.access.test_roles import Clock, patient

NEVER = "never-was"
JSON = {"content-type": "application/fhir+json"}
NONE = ("system/Condition.cruds?code:text=nothing", "system/Patient.rs?name=nobody")
NARROW = Principal("x", frozenset(NONE))
DOCTOR = Principal("d", frozenset({ALL}), "Organization/pkm", reach="area")


def body(name):
    about = {"reference": f"Patient/{name}"}
    return json.dumps({"resourceType": "Condition", "id": name, "subject": about}).encode()


def bundle(name):
    entry = [{"request": {"method": "DELETE", "url": f"Condition/{name}"}}]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entry}).encode()


WAYS = {
    "read": lambda name: ("GET", f"Condition/{name}", "", b""),
    "version": lambda name: ("GET", f"Condition/{name}/_history/1", "", b""),
    "history": lambda name: ("GET", f"Condition/{name}/_history", "", b""),
    "search": lambda name: ("GET", "Condition", f"_id={name}", b""),
    "search by patient": lambda name: ("GET", "Condition", f"patient={name}", b""),
    "compartment": lambda name: ("GET", f"Patient/{name}/Condition", "", b""),
    "everything": lambda name: ("GET", f"Patient/{name}/$everything", "", b""),
    "meta": lambda name: ("GET", f"Condition/{name}/$meta", "", b""),
    "validate": lambda name: ("GET", f"Condition/{name}/$validate", "", b""),
    "update": lambda name: ("PUT", f"Condition/{name}", "", body(name)),
    "delete": lambda name: ("DELETE", f"Condition/{name}", "", b""),
    "conditional delete": lambda name: ("DELETE", "Condition", f"_id={name}", b""),
    "create about somebody": lambda name: ("POST", "Condition", "", body(name)),
    "transaction": lambda name: ("POST", "", "", bundle(name)),
}


@pytest.fixture
def far(counted):  # noqa: F811
    """Let somebody be there whom none of the askers may see."""
    world = World(Clock.now)
    patient(world, "rina", VILLAGES[3])
    stored(counted, world.resources.values())
    return counted


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "principal", [HOSPITAL, MIDWIFE, DOCTOR, NARROW], ids=lambda who: who.reach
)
def test_not_there_and_not_yours_take_the_same_steps(far, commands, principal, way):
    steps, told = [], []
    for name in ("rina", NEVER):
        commands.clear()
        told.append(asked(far, principal, *WAYS[way](name)).replace(name, "ID"))
        steps.append(list(commands.names))

    assert steps[0] == steps[1]
    assert told[0] == told[1]


def asked(context, principal, method, path, query, sent):  # noqa: PLR0913, PLR0917
    inside = entered(replace(context, new_id=lambda: "new"), principal)
    request = Request(method, path, HOST, query, JSON, sent)
    try:
        given = answer(inside, request)
    except FhirError as error:
        return f"{error.status} {[each.diagnostics for each in error.issues]}"
    return f"{given.status} {given.body.decode()}"
