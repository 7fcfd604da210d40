from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.fhir import BASE, patient


def test_an_update_creates_what_is_not_there(ask):
    said = ask("PUT", "Patient/p", patient(id="p"))

    assert said.status == 201
    assert said.headers["Location"] == f"{BASE}/Patient/p/_history/1"


def test_an_update_makes_a_new_version(ask):
    ask("PUT", "Patient/p", patient(id="p", active=True))

    said = ask("PUT", "Patient/p", patient(id="p", active=False))

    assert said.status == 200
    assert said.headers["ETag"] == 'W/"2"'
    assert said.json["meta"]["versionId"] == "2"
    assert ask("GET", "Patient/p/_history/1").json["active"] is True


def test_an_update_brings_back_what_was_deleted(ask):
    ask("PUT", "Patient/p", patient(id="p"))
    ask("DELETE", "Patient/p")

    said = ask("PUT", "Patient/p", patient(id="p"))

    assert said.status == 201
    assert said.headers["ETag"] == 'W/"3"'
    assert ask("GET", "Patient/p").status == 200


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (patient(), "no id"),
        (patient(id="q"), "id in the body is q"),
        ({"resourceType": "Basic", "id": "p", "code": {"text": "x"}}, "is a Basic"),
    ],
)
def test_the_body_must_be_what_the_url_says(ask, body, names):
    said = ask("PUT", "Patient/p", body)

    assert said.status == 400
    assert names in said.issues[0].diagnostics
    assert ask("GET", "Patient/p").status == 404


def test_if_match_lets_the_expected_version_be_replaced(ask):
    ask("PUT", "Patient/p", patient(id="p"))

    said = ask("PUT", "Patient/p", patient(id="p", active=True), if_match='W/"1"')

    assert said.status == 200


@pytest.mark.parametrize("resource_id", ["p", "never"])
def test_if_match_refuses_any_other_version(ask, resource_id):
    ask("PUT", "Patient/p", patient(id="p"))

    said = ask("PUT", f"Patient/{resource_id}", patient(id=resource_id), if_match='W/"2"')

    assert said.status == 412
    assert ask.count("Patient") == 1
    assert ask("GET", "Patient/p").headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize(
    "tag", ["", "*", "1", '"1"', "W/1", 'w/"1"', 'W/"0"', 'W/"1", W/"2"', 'W/"a"']
)
def test_an_if_match_that_is_no_weak_etag_is_refused(ask, tag):
    ask("PUT", "Patient/p", patient(id="p"))

    said = ask("PUT", "Patient/p", patient(id="p"), if_match=tag)

    assert said.status == 400
    assert 'W/"3"' in said.issues[0].diagnostics
    assert ask("GET", "Patient/p").headers["ETag"] == 'W/"1"'


def test_of_many_updates_upon_one_version_one_is_taken(ask):
    ask("PUT", "Patient/p", patient(id="p"))

    def update(number):
        body = patient(id="p", name=[{"text": str(number)}])
        return ask("PUT", "Patient/p", body, if_match='W/"1"').status

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(update, range(8)))

    assert statuses == [200] + [412] * 7
    assert ask("GET", "Patient/p").headers["ETag"] == 'W/"2"'
