"""How often an interaction goes to the database, however much it is asked."""

import pytest

from tests.support.fhir import entry, patient


@pytest.fixture
def trips(ask, commands):
    """Ask once so that collections exist, then count what a second request sends."""
    for first in (True, False):
        warm = patient(id="warm", identifier=[{"value": "warm"}], active=first)
        ask("PUT", "Patient/warm", warm)
    ask("GET", "Patient?_count=1")

    def count(*request, **headers):
        commands.clear()
        said = ask(*request, **headers)
        assert said.status < 300
        return commands.round_trips

    return count


@pytest.mark.parametrize(
    ("method", "url", "most"),
    [
        ("GET", "Patient/warm", 1),
        ("GET", "Patient/warm/_history/1", 1),
        ("GET", "Patient/warm/_history", 1),
        ("GET", "Patient/_history", 1),
        ("GET", "Patient?identifier=warm", 1),
        ("GET", "Patient?identifier=warm&_total=accurate&_count=1", 2),
        ("GET", "Patient?_include=Patient:organization&_revinclude=Encounter:patient", 3),
        ("DELETE", "Patient/warm", 3),
    ],
)
def test_reading_and_deleting(trips, method, url, most):
    assert trips(method, url) <= most


def test_writing(trips):
    assert trips("POST", "Patient", patient()) <= 2
    assert trips("PUT", "Patient/new", patient(id="new")) <= 3
    assert trips("PUT", "Patient/warm", patient(id="warm"), if_match='W/"2"') <= 3
    assert trips("PUT", "Patient/warm", patient(id="warm"), if_match='W/"3"') <= 2
    assert trips("PATCH", "Patient/warm", [{"op": "add", "path": "/active", "value": True}]) <= 4


def test_one_record_for_one_nik_costs_nothing(trips):
    """NIK-UNIK is held by a unique index."""
    nik = [{"system": "https://fhir.kemkes.go.id/id/nik", "value": "9902015203860001"}]
    numbered = patient(id="siti", identifier=nik)

    assert trips("PUT", "Patient/siti", numbered) <= 3
    assert trips("PUT", "Patient/siti", numbered | {"active": True}) <= 3
    nik[0]["value"] = "9902015203860002"
    assert trips("POST", "Patient", patient(identifier=nik)) <= 1


def test_by_criteria(trips):
    warm = patient(identifier=[{"value": "warm"}])
    trips("PUT", "Patient?identifier=cold", patient(active=True))
    assert trips("PUT", "Patient?identifier=warm", warm) <= 7
    assert trips("PUT", "Patient?identifier=cooler", patient(identifier=[{"value": "c"}])) <= 6
    assert trips("DELETE", "Patient?identifier=none") <= 1


def test_a_conditional_create(trips):
    trips("POST", "Patient", patient(), if_none_exist="identifier=first")
    assert trips("POST", "Patient", patient(), if_none_exist="identifier=warm") <= 1
    assert trips("POST", "Patient", patient(), if_none_exist="identifier=cold") <= 5


@pytest.mark.parametrize("size", [1, 10, 200])
def test_a_transaction_of_any_size(transact, commands, ask, size):
    ask("PUT", "Patient/p", patient(id="p"))
    ask("PUT", "Patient/p", patient(id="p", active=True))
    ask("PUT", "Patient/0", patient(id="0"))
    creates = [entry("POST", "Patient", patient()) for _ in range(size)]
    updates = [entry("PUT", f"Patient/{n}", patient(id=str(n))) for n in range(size)]
    commands.clear()

    said = transact(*creates, *updates, entry("DELETE", "Patient/p"))

    assert said.status == 200
    assert commands.round_trips <= 6


@pytest.mark.parametrize("size", [2, 200])
def test_a_transaction_with_any_number_of_criteria(transact, commands, ask, size):
    for number in range(size):
        ask("POST", "Patient", patient(identifier=[{"value": f"old-{number}"}]))
    new = [
        entry("POST", "Patient", patient(), ifNoneExist=f"identifier=new-{number}")
        for number in range(size)
    ]
    old = [
        entry(
            "POST", "Patient", patient(link=[{"type": "refer", "other": {"reference": reference}}])
        )
        for reference in (f"Patient?identifier=old-{number}" for number in range(size))
    ]
    transact(*new[:1])
    commands.clear()

    said = transact(*new[1:], *old)

    assert said.status == 200
    assert commands.round_trips <= 6
