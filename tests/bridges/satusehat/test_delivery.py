"""From a write through FHIR to SATUSEHAT, by the real engine."""

from datetime import timedelta

import pytest

from fhir_server.store import dispatches, versions
from tests.bridges.satusehat import load
from tests.bridges.satusehat.acting import diagnosis, visit
from tests.bridges.satusehat.clinic import Server, opened, settings_for


@pytest.fixture
def clinic(settings, mongodb_uri, satusehat):
    server = opened(settings, mongodb_uri, satusehat)
    yield server
    server.close()


def finished():
    period = {"start": "2024-05-17T02:10:00+07:00", "end": "2024-05-17T06:00:00+07:00"}
    return visit(status="finished", period=period)


def test_a_visit_reaches_satusehat_in_order_each_resource_once(clinic, satusehat):
    clinic.put(diagnosis(), finished())

    clinic.deliver()

    counts = satusehat.counts()
    assert counts["created"] == {"Location": 1, "Encounter": 1, "Condition": 1}
    assert counts["twice"] == {}
    assert set(clinic.states().values()) <= {"accepted", "adopted", "skipped"}
    (stored,) = satusehat.stored("Encounter")
    assert stored["status"] == "finished"
    remote = clinic.state("Condition/diagnosis").remote
    assert stored["diagnosis"][0]["condition"] == {"reference": f"Condition/{remote}"}


def test_with_one_request_in_five_going_wrong_each_resource_arrives_once(
    settings, mongodb_uri, satusehat
):
    quick = {"satusehat_pause": 0.01, "satusehat_longest_pause": 0.05}
    server = Server(settings_for(settings, satusehat, **quick), mongodb_uri)
    load.register(satusehat, 4)
    server.put(*load.house(4))
    for number in range(12):
        server.put(*load.one_visit(number, number % 4))
    satusehat.ways(duplicates=False)
    satusehat.faults(*load.ALL_FAULTS, seed=5)

    server.deliver_all()
    server.close()

    struck = satusehat.counts()["faults"]
    assert load.wrong(satusehat, 12) == []
    assert {"drop", "drop after", "504 after", "503"} <= set(struck)


@pytest.fixture
def whole(settings, mongodb_uri, satusehat):
    """A clinic that sends each visit as one transaction."""
    quick = {"satusehat_pause": 0.01, "satusehat_longest_pause": 0.05, "satusehat_bundle": True}
    server = Server(settings_for(settings, satusehat, **quick), mongodb_uri)
    load.register(satusehat, 2)
    satusehat.ways(duplicates=False)
    server.put(*load.house(2))
    yield server
    server.close()


def test_a_finished_visit_goes_as_one_transaction(whole, satusehat):
    whole.put(*load.one_visit(0, 0))

    whole.deliver_all()

    requests = satusehat.counts()["requests"]
    assert load.wrong(satusehat, 1) == []
    assert requests["POST Bundle"] == 1
    assert not {each for each in requests if each.startswith("PUT")}
    assert not {"POST Encounter", "POST Condition", "POST Observation"} & set(requests)


def test_a_visit_waits_until_it_is_finished(whole, satusehat):
    encounter, *others = load.one_visit(0, 0)
    whole.put({**encounter, "status": "in-progress"}, *others)
    whole.deliver()
    before = satusehat.counts()["created"]

    whole.put(encounter)
    whole.deliver_all()

    assert before == {"Location": 1}
    assert load.wrong(satusehat, 1) == []


def test_a_transaction_that_is_not_taken_goes_one_by_one(whole, satusehat):
    encounter, condition, *results = load.one_visit(0, 0)
    results[0]["effectiveDateTime"] = "2099-01-01T00:00:00+07:00"
    whole.put(encounter, condition, *results)

    for _ in range(3):
        whole.deliver()

    (refused,) = whole.unsettled()
    assert refused == "Observation/hasil-0-0"
    assert whole.state(refused).rule == "10132"
    assert satusehat.counts()["created"]["Observation"] == len(results) - 1


def test_a_transaction_that_landed_unheard_is_found_whole(whole, satusehat):
    for number in range(3):
        whole.put(*load.one_visit(number, number % 2))
    satusehat.faults({"kind": "drop", "after": True, "times": 2, "method": "POST"})

    whole.deliver_all()

    assert load.wrong(satusehat, 3) == []
    assert satusehat.counts()["faults"] == {"drop after": 2}


def test_a_clock_that_jumps_ahead_costs_nothing(settings, mongodb_uri, satusehat, monkeypatch):
    ahead = timedelta()
    monkeypatch.setattr(dispatches, "now", lambda: versions.now() + ahead)
    quick = {"satusehat_pause": 0.01, "satusehat_longest_pause": 0.05}
    server = Server(settings_for(settings, satusehat, **quick), mongodb_uri)
    load.register(satusehat, 2)
    satusehat.ways(duplicates=False)
    satusehat.faults(*load.ALL_FAULTS, seed=9)
    server.put(*load.house(2))
    for number in range(4):
        server.put(*load.one_visit(number, number % 2))
        server.deliver()
        ahead += timedelta(hours=7)

    server.deliver_all()
    server.close()

    assert load.wrong(satusehat, 4) == []
