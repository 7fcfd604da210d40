"""Search parameters of the operator: at once for what is new, by $reindex for what was there."""

from __future__ import annotations

import pytest

from fhir_server.app import build_context
from fhir_server.jobs import reindexing
from fhir_server.search.custom import problems
from tests.jobs.conftest import Client

pytestmark = pytest.mark.mongo

SHOE = "http://p.example/shoe"
PARAMETER = {
    "resourceType": "SearchParameter",
    "id": "shoe",
    "url": "http://p.example/SearchParameter/shoe",
    "name": "Shoe",
    "status": "active",
    "description": "The size of the shoe.",
    "code": "shoe",
    "base": ["Patient"],
    "type": "token",
    "expression": f"Patient.extension('{SHOE}').value",
}


def patient(name, size):
    extension = [{"url": SHOE, "valueCode": size}]
    return {"resourceType": "Patient", "id": name, "extension": extension}


def ids(client, url, **headers):
    said = client("GET", url, **headers)
    assert said.status == 200, said.issues
    return sorted(
        each["resource"]["id"] for each in said.entries if each["search"]["mode"] == "match"
    )


def outcomes(client, url):
    entries = client("GET", url).entries
    return [each["resource"] for each in entries if each["search"]["mode"] == "outcome"]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(reindexing, "SETTLED_SECONDS", 0)


@pytest.fixture
def shod(client):
    """A patient who was there before the parameter, and one who came after."""
    client.put(patient("old", "42") | {"meta": {"tag": [{"code": "labelled"}]}})
    client.put(PARAMETER)
    client.put(patient("new", "42"))
    return client


def test_what_is_new_is_found_at_once_and_what_may_be_missing_is_said(shod):
    assert ids(shod, "Patient?shoe=42") == ["new"]
    (outcome,) = outcomes(shod, "Patient?shoe=42")
    assert outcome["issue"][0]["code"] == "incomplete"
    assert "$reindex" in outcome["issue"][0]["diagnostics"]
    assert shod("GET", "Patient?shoe=42", prefer="handling=strict").status == 400
    through = "Observation?subject:Patient.shoe=42"
    assert outcomes(shod, through)
    assert shod("GET", through, prefer="handling=strict").status == 400


def test_what_was_there_is_found_after_reindexing(shod):
    said = shod.done("SearchParameter/shoe/$reindex", {"resourceType": "Parameters"})
    given = {each["name"]: each for each in said["parameter"]}
    assert given["resources"]["valueInteger"] == 2
    assert given["parameter"]["valueUri"] == PARAMETER["url"]
    assert ids(shod, "Patient?shoe=42", prefer="handling=strict") == ["new", "old"]
    assert outcomes(shod, "Patient?shoe=42") == []


def test_everything_can_be_reindexed(shod):
    shod.done("$reindex", {"resourceType": "Parameters"})
    assert ids(shod, "Patient?shoe=42", prefer="handling=strict") == ["new", "old"]


def test_other_types_do_not_complete_it(shod):
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "type", "valueCode": "Observation"}],
    }
    shod.done("$reindex", body)
    assert shod("GET", "Patient?shoe=42", prefer="handling=strict").status == 400


def test_a_worker_that_stops_goes_on_where_it_was(shod, monkeypatch):
    monkeypatch.setattr(reindexing, "SLICE", 1)
    shod.put(patient("third", "42"))
    where = shod.asked("$reindex", {"resourceType": "Parameters"})
    first = shod.context.store.jobs.claim(["reindex"])
    at = reindexing._begun(shod.context, first)
    reindexing._slice(shod.context, first, at)
    shod.context.store.jobs.release(first)
    shod.work()
    assert shod("GET", where).status == 200
    assert ids(shod, "Patient?shoe=42", prefer="handling=strict") == ["new", "old", "third"]


def test_another_definition_is_incomplete_again(shod):
    shod.done("$reindex", {"resourceType": "Parameters"})
    shod.put({**PARAMETER, "description": "Only said in another way."})
    assert outcomes(shod, "Patient?shoe=42") == []
    shod.put({**PARAMETER, "expression": f"Patient.contact.extension('{SHOE}').value"})
    assert outcomes(shod, "Patient?shoe=42")


def test_what_comes_back_after_a_deletion_is_incomplete(shod):
    shod.done("$reindex", {"resourceType": "Parameters"})
    shod.delete("SearchParameter/shoe")
    assert shod("GET", "Patient?shoe=42", prefer="handling=strict").status == 400
    shod.put(patient("between", "42"))
    shod.put(PARAMETER)
    assert outcomes(shod, "Patient?shoe=42")
    shod.done("$reindex", {"resourceType": "Parameters"})
    assert ids(shod, "Patient?shoe=42") == ["between", "new", "old"]


def test_another_process_learns_of_it(shod, settings, mongodb_uri):
    other = Client(build_context(settings, mongodb_uri))
    assert ids(other, "Patient?shoe=42") == ["new"]
    shod.put({**PARAMETER, "status": "retired"})
    assert other.context.store.customs.refresh(other.context.parameters)
    assert not other.context.store.customs.refresh(other.context.parameters)
    assert other("GET", "Patient?shoe=42", prefer="handling=strict").status == 400
    other.context.store.close()


def test_a_draft_changes_nothing(client):
    client.put({**PARAMETER, "status": "draft"})
    assert client("GET", "Patient?shoe=42", prefer="handling=strict").status == 400


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"expression": "Patient.name.matches('x')"}, "compiled"),
        ({"expression": "Patient.shoe"}, "shoe"),
        ({"expression": "Observation.code"}, "nothing"),
        ({"code": "gender"}, "already"),
        ({"code": "a.b"}, "URL"),
        ({"type": "special"}, "special"),
        ({"expression": None}, "expression"),
        ({"expression": "("}, "compiled"),
        ({"type": "date", "expression": "Patient.name"}, "nothing"),
    ],
)
def test_what_cannot_be_indexed_is_refused(client, change, says):
    document = {name: value for name, value in {**PARAMETER, **change}.items() if value is not None}
    said = client("PUT", "SearchParameter/shoe", document)
    assert said.status == 422
    assert says in said.issues[0].diagnostics


def test_those_of_r4_may_be_stored_as_they_are(client):
    row = client.context.parameters.by_url["http://hl7.org/fhir/SearchParameter/individual-gender"]
    said = {**row, "resourceType": "SearchParameter", "status": "active", "name": "gender"}
    assert list(problems(said, client.context.parameters)) == []


def test_a_parameter_of_every_resource(client):
    everywhere = {
        **PARAMETER,
        "base": ["DomainResource"],
        "expression": f"DomainResource.extension('{SHOE}').value",
    }
    client.put(everywhere)
    client.put(patient("new", "7"))
    assert ids(client, "Patient?shoe=7") == ["new"]


def test_reindexing_what_is_not_there(client):
    empty = {"resourceType": "Parameters"}
    assert client("POST", "SearchParameter/none/$reindex", empty).status == 404
    body = {**empty, "parameter": [{"name": "type", "valueCode": "Shoe"}]}
    assert client("POST", "$reindex", body).status == 400
