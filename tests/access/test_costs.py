"""Rights cost nothing to who has no limits, and a hospital a handful of round trips."""

from __future__ import annotations

import dataclasses

import pytest

from fhir_server.access.guard import entered
from fhir_server.auth.principals import Principal
from fhir_server.auth.scopes import ALL
from fhir_server.search.plan import Plan
from fhir_server.store.mongo import connect
from tests.access.leaks.asking import stored
from tests.access.leaks.world import VILLAGES, World, _directory, ref
from tests.access.test_roles import Clock, patient

HOSPITAL = Principal("rs", frozenset({ALL}), "Organization/rs-a", reach="referrals")
MIDWIFE = Principal("b", frozenset({"user/*.cruds"}), person="Practitioner/bidan", reach="role")


@pytest.fixture
def counted(context, settings, commands):
    """A context whose round trips are counted, with one referral in it."""
    world = World(Clock.now)
    _directory(world)
    patient(world, "siti", VILLAGES[0])
    request = {"status": "active", "intent": "order", "subject": ref("Patient/siti")}
    world.put("ServiceRequest/r", **request, reasonReference=[ref("Condition/siti")])
    world.put(
        "Task/t",
        status="requested",
        intent="order",
        focus=ref("ServiceRequest/r"),
        owner=ref("Organization/rs-a"),
        **{"for": ref("Patient/siti")},
    )
    store = connect(settings.mongodb_uri, settings, listeners=(commands,))
    made = dataclasses.replace(context, store=store)
    stored(made, world.resources.values())
    yield made
    store.close()


@pytest.mark.parametrize(
    ("principal", "reads", "searches"),
    [
        (Principal("app", frozenset({ALL})), 1, 1),
        (Principal("reader", frozenset({"system/Condition.rs"})), 1, 1),
        (HOSPITAL, 6, 6),
        (MIDWIFE, 5, 5),
    ],
    ids=lambda each: getattr(each, "subject", each),
)
def test_what_a_request_costs(counted, commands, principal, reads, searches):
    """A hospital: Tasks, the request, consents, emergencies; a person: roles and facility too."""
    commands.clear()
    found = entered(counted, principal).store.read("Condition", "siti")
    assert found is not None
    assert commands.round_trips <= reads, commands.by_name()

    commands.clear()
    page = entered(counted, principal).store.search(Plan("Condition"))
    assert [each.id for each in page.resources] == ["siti"]
    assert commands.round_trips <= searches, commands.by_name()
