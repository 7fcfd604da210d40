"""Searches that share a round trip find what each finds alone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from fhir_server.errors import BadRequest
from fhir_server.resources.wire import text
from fhir_server.search.plan import Join, Plan, SortKey
from fhir_server.store import searches
from fhir_server.store.ops import Put
from fhir_server.store.search import Run

BACKWARDS = (SortKey("ix.n", descending=True), SortKey("_id", descending=True))


def resource(resource_type, resource_id, index):
    raw = b'{"resourceType":"%s"}' % resource_type.encode()
    return Put(resource_type, resource_id, text(raw, resource_id), index)


@pytest.fixture
def clinic(store):
    patients = [resource("Patient", f"p{n}", {"identifier": [f"nik|{n}"]}) for n in range(12)]
    measured = [
        resource("Observation", f"o{n}", {"patient": f"Patient/p{n % 12}", "n": n})
        for n in range(96)
    ]
    store.transact([*patients, *measured])
    return store


def plans():
    for n in range(12):
        yield Plan("Patient", {"ix.identifier": f"nik|{n}"})
        yield Plan("Observation", {"ix.patient": f"Patient/p{n}"}, sort=BACKWARDS, limit=3)
        yield Plan(
            "Observation", {"ix.patient": f"Patient/p{n}"}, sort=BACKWARDS, after=(40, "o40")
        )
        join = Join("Patient", {"ix.identifier": f"nik|{n}"}, "ix.patient", forward=True)
        yield Plan("Observation", joins=(join,), limit=5)
        yield Plan("Encounter", {"ix.patient": f"Patient/p{n}"})


def known(store):
    """The same searches alone first: only a shape that was tried alone may have company."""
    alone = [store.search(plan) for plan in plans()]
    assert store._searches._fast
    return alone


def test_together_they_find_what_each_finds_alone(clinic, commands):
    alone = known(clinic)
    commands.clear()

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(clinic.search, [*plans()] * 4))

    assert found == alone * 4
    assert commands.by_name()["aggregate"] < len(found)


def test_united_in_one_command_they_find_what_each_finds_alone(clinic, commands):
    alone = known(clinic)
    commands.clear()

    outcomes = clinic._searches._union(list(plans()))

    assert outcomes == alone
    assert commands.round_trips == 1


def test_a_search_that_fails_fails_alone(clinic, settings):
    many = Join("Patient", {}, "ix.patient", forward=True, driving=True)
    failing = Plan("Observation", joins=(many,))
    clinic._searches._runner = Run(clinic._database, replace(settings, chain_limit=5), None)

    good, bad = clinic._searches._union([Plan("Patient", {"ix.identifier": "nik|1"}), failing])

    assert [each.id for each in good.resources] == ["p1"]
    assert isinstance(bad, BadRequest)


def test_after_a_slow_batch_its_shapes_are_tried_alone_again(clinic, monkeypatch):
    known(clinic)
    monkeypatch.setattr(searches, "FAST_SECONDS", 0)

    clinic._searches._together(list(plans()))

    assert not clinic._searches._fast


def test_who_asks_one_field_for_a_value_shares_one_command(clinic, commands):
    asking = [Plan("Patient", {"ix.identifier": f"nik|{n % 14}"}) for n in range(28)]
    alone = [clinic.search(plan) for plan in asking]
    commands.clear()

    outcomes = clinic._searches._together(asking)

    assert outcomes == alone
    assert commands.by_name() == {"find": 1}


def test_a_field_whose_values_have_many_matches_is_read_value_by_value(clinic, commands):
    asking = [Plan("Observation", {"ix.patient": f"Patient/p{n}"}, limit=2) for n in range(12)]
    alone = [clinic.search(plan) for plan in asking]
    first = clinic._searches._together(asking)
    commands.clear()

    outcomes = clinic._searches._together(asking)

    assert first == outcomes == alone
    assert [len(each.resources) for each in outcomes] == [2] * 12
    assert commands.by_name() == {"aggregate": 1}


def test_another_order_than_by_id_is_kept(clinic):
    order = (SortKey("_id", descending=True),)
    asking = [Plan("Observation", {"ix.patient": f"Patient/p{n}"}, sort=order) for n in range(12)]

    outcomes = clinic._searches._together(asking)

    assert outcomes == [clinic.search(plan) for plan in asking]
    assert [each.id for each in outcomes[1].resources][:2] == ["o85", "o73"]
