"""What the server learns from resources it learns whatever else their ``meta`` says."""

import orjson
import pytest

from fhir_server.app import build_context, create_app
from fhir_server.interactions.write import commit, prepare

META = {"tag": [{"system": "urn:x", "code": "x"}]}
SYSTEM = {
    "resourceType": "CodeSystem",
    "id": "x",
    "meta": META,
    "url": "http://x.example/cs",
    "status": "active",
    "content": "complete",
    "concept": [{"code": "a", "display": "A thing"}],
}
PROFILE = {
    "resourceType": "StructureDefinition",
    "id": "x",
    "meta": META,
    "url": "http://x.example/sd",
    "name": "X",
    "status": "active",
    "kind": "resource",
    "abstract": False,
    "type": "Patient",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation": "constraint",
    "differential": {"element": [{"id": "Patient.name", "path": "Patient.name", "min": 1}]},
}
PARAMETER = {
    "resourceType": "SearchParameter",
    "id": "x",
    "meta": META,
    "url": "http://x.example/sp",
    "name": "x",
    "status": "active",
    "description": "x",
    "code": "called",
    "base": ["Patient"],
    "type": "string",
    "expression": "Patient.name.text",
}


@pytest.fixture
def again(context, settings, mongodb_uri):
    """Another process, started after these were stored."""
    documents = [orjson.dumps(each) for each in (SYSTEM, PROFILE, PARAMETER)]
    commit(context, [prepare(context, each, "x") for each in documents])
    other = build_context(settings, mongodb_uri)
    yield create_app(other).test_client()
    other.store.close()


def test_a_code_system(again):
    found = again.get("/fhir/CodeSystem/$lookup?system=http://x.example/cs&code=a")

    assert found.status_code == 200, found.text
    assert "A thing" in found.text


def test_a_profile(again):
    body = {"resourceType": "Patient", "meta": {"profile": [PROFILE["url"]]}}

    assert again.post("/fhir/Patient", json=body).status_code == 422
    assert again.post("/fhir/Patient", json={**body, "name": [{"text": "x"}]}).status_code == 201


def test_a_search_parameter(again):
    made = again.post("/fhir/Patient", json={"resourceType": "Patient", "name": [{"text": "Siti"}]})

    found = again.get("/fhir/Patient?called=siti")

    assert found.json["entry"][0]["resource"]["id"] == made.json["id"]
