"""_explain=true tells how a search is answered, and finds nothing."""

from __future__ import annotations

import pytest

from tests.support.fhir import Server

pytestmark = pytest.mark.mongo


@pytest.fixture
def told(context):
    """Give the parts of an explanation by name."""
    ask = Server(context)
    for number in range(40):
        identifier = [{"system": "http://nik", "value": str(number)}]
        patient = {"resourceType": "Patient", "id": f"p{number}", "gender": "female"}
        ask("PUT", f"Patient/p{number}", {**patient, "identifier": identifier})

    def tell(url):
        said = ask("GET", url)
        assert said.status == 200, said.issues
        parts = {each["name"]: each for each in said.json["parameter"]}
        return {
            name: next(v for k, v in part.items() if k != "name") for name, part in parts.items()
        }

    return tell


def test_an_index_that_is_used_is_named(told):
    said = told("Patient?identifier=http://nik|1&_explain=true")
    assert said["index"] == "ix.identifier_1"
    assert said["scan"] is False
    assert "missing" not in said


def test_an_index_that_is_missing_is_named(told):
    said = told("Patient?gender=female&_explain=true")
    assert said["scan"] is True
    assert said["missing"] == "Patient: ix.gender"
    assert said["shape"] == "Patient: ix.gender"


def test_a_chain_is_explained(told):
    said = told("Observation?patient.identifier=http://nik|1&_explain=true")
    assert said["shape"] == "Observation: ix.patient→Patient"
    assert said["scan"] is False


def test_another_value_is_refused(context):
    assert Server(context)("GET", "Patient?_explain=yes").status == 400
