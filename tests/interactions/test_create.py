import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.support.fhir import BASE, patient

ROSE = patient(identifier=[{"system": "urn:nik", "value": "1"}], name=[{"family": "Rose"}])


def test_a_create_says_where_the_resource_is(ask):
    said = ask("POST", "Patient", patient(id="mine", active=True))

    made = said.json
    assert said.status == 201
    assert made["id"] != "mine"
    assert made["meta"]["versionId"] == "1"
    assert said.headers["ETag"] == 'W/"1"'
    assert said.headers["Location"] == f"{BASE}/Patient/{made['id']}/_history/1"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", said.headers["Last-Modified"])
    assert ask("GET", f"Patient/{made['id']}").raw == said.raw


def test_what_the_client_wrote_is_kept_as_it_was(ask):
    raw = (
        b'{ "resourceType":"Observation","status":"final","code":{"text":"caf\\u00e9 \\u2713"},'
        b'"meta":{"versionId":"77","lastUpdated":"2001-01-01T00:00:00Z","tag":[{"code":"a"}]},'
        b'"valueQuantity":{"value":1.00}}'
    )

    said = ask("POST", "Observation", raw)

    assert b'"value":1.00}' in said.raw
    assert said.json["code"]["text"] == "café ✓"
    assert said.json["meta"]["tag"] == [{"code": "a"}]
    assert said.json["meta"]["versionId"] == "1"
    assert not said.json["meta"]["lastUpdated"].startswith("2001")


@pytest.mark.parametrize(
    ("prefer", "body"),
    [
        ("return=minimal", None),
        ("return=OperationOutcome", "OperationOutcome"),
        ("return=representation", "Patient"),
        ("respond-async; return=representation", "Patient"),
        (None, "Patient"),
    ],
)
def test_prefer_decides_the_body(ask, prefer, body):
    said = ask("POST", "Patient", patient(), **({"prefer": prefer} if prefer else {}))

    assert said.status == 201
    assert "Location" in said.headers
    assert (said.json["resourceType"] if said.raw else None) == body


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"resourceType":"Patient"', 400),
        (b'{"resourceType":"Patient","active":true,"active":false}', 400),
        (b'{"resourceType":"Patiens"}', 400),
        (b'{"resourceType":"Observation","status":"final","code":{"text":"x"}}', 400),
        (b'{"resourceType":"Patient","aktive":true}', 422),
        (b'{"resourceType":"Patient","birthDate":"2024-02-30"}', 422),
        (b'{"resourceType":"Patient","id":"' + b"x" * 65 + b'"}', 422),
        (b'{"resourceType":"Patient","a":' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
    ],
)
def test_a_bad_body_is_refused_and_nothing_stored(ask, body, status):
    said = ask("POST", "Patient", body)

    assert said.status == status
    assert said.issues[0].diagnostics
    assert ask.count("Patient") == 0


def test_if_none_exist_creates_when_nothing_matches(ask):
    ask("POST", "Patient", patient(identifier=[{"system": "urn:nik", "value": "2"}]))

    said = ask("POST", "Patient", ROSE, if_none_exist="identifier=urn:nik|1")

    assert said.status == 201
    assert ask.count("Patient") == 2


@pytest.mark.parametrize("prefix", ["", "?", "Patient?"])
def test_if_none_exist_answers_with_the_one_that_matches(ask, prefix):
    first = ask("POST", "Patient", ROSE)

    said = ask("POST", "Patient", ROSE, if_none_exist=f"{prefix}identifier=urn:nik|1")

    assert said.status == 200
    assert said.headers["Location"] == first.headers["Location"]
    assert said.raw == first.raw
    assert ask.count("Patient") == 1


def test_if_none_exist_refuses_when_many_match(ask):
    for _ in range(2):
        ask("POST", "Patient", ROSE)

    said = ask("POST", "Patient", ROSE, if_none_exist="identifier=urn:nik|1")

    assert said.status == 412
    assert ask.count("Patient") == 2


@pytest.mark.parametrize(
    "criteria", ["", "?", "identifier=", "identifir=1", "_count=1", "_sort=name"]
)
def test_if_none_exist_without_a_criterion_is_refused(ask, criteria):
    said = ask("POST", "Patient", ROSE, if_none_exist=criteria)

    assert said.status == 400
    assert ask.count("Patient") == 0


@pytest.mark.parametrize("clients", [2, 16])
def test_many_clients_at_once_create_exactly_one(ask, clients):
    together = Barrier(clients)

    def create(number):
        together.wait()
        return ask(
            "POST",
            "Patient",
            ROSE | {"gender": "female" if number % 2 else "male"},
            if_none_exist="identifier=urn:nik|1",
        )

    with ThreadPoolExecutor(clients) as pool:
        said = list(pool.map(create, range(clients)))

    assert sorted(each.status for each in said) == [200] * (clients - 1) + [201]
    assert len({each.json["id"] for each in said}) == 1
    assert ask.count("Patient") == 1
