"""From a write through FHIR to SATUSEHAT, by the real engine."""

import pytest

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
