"""References and uris: one spelling in the index, every spelling R4 allows when asked."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from fhir_server.errors import BadRequest, NotSupported
from tests.search.matching import is_match

HERE = "https://here.example/fhir"


def found(searching, name, value, document):
    url = f"{document['resourceType']}?{name}={quote(value)}"
    return is_match(searching.plan(url).filter, {"ix": searching.index(document)})


def observation(**subject):
    return {"resourceType": "Observation", "subject": subject}


@pytest.mark.parametrize(
    "written",
    ["Patient/1", f"{HERE}/Patient/1", "Patient/1/_history/4", f"{HERE}/Patient/1/_history/4"],
)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject", "Patient/1"),
        ("subject", "1"),
        ("patient", "1"),
        ("patient", "Patient/1"),
        ("subject:Patient", "1"),
        ("subject", f"{HERE}/Patient/1"),
        ("subject", "Patient/1/_history/2"),
        ("subject", "Group/9,Patient/1"),
    ],
)
def test_every_spelling_meets(searching, written, name, value):
    assert found(searching, name, value, observation(reference=written))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject", "Group/1"),
        ("subject:Group", "1"),
        ("subject", "Patient/11"),
        ("subject", "https://else.example/Patient/1"),
        ("subject", "2"),
    ],
)
def test_others_are_not_found(searching, name, value):
    assert not found(searching, name, value, observation(reference="Patient/1"))


def test_foreign_urls_stand_as_written(searching):
    url = "https://else.example/fhir/Patient/1"
    assert found(searching, "subject", url, observation(reference=url))
    assert found(searching, "patient", url, observation(reference=url))
    assert not found(searching, "subject", "Patient/1", observation(reference=url))


def test_what_is_known_by_identifier_only(searching):
    document = observation(type="Patient", identifier={"system": "http://nik", "value": "317"})
    assert found(searching, "subject:identifier", "http://nik|317", document)
    assert not found(searching, "subject:identifier", "http://else|317", document)
    assert not found(searching, "subject", "317", document)


def test_contained_resources_are_nobodys_target(searching):
    assert "subject" not in searching.index(observation(reference="#p"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [("http://q.example/a", True), ("http://q.example/a|2", True), ("http://q.example/a|1", False)],
)
def test_canonicals_are_found_with_and_without_version(searching, value, expected):
    document = {"resourceType": "QuestionnaireResponse", "questionnaire": "http://q.example/a|2"}
    assert found(searching, "questionnaire", value, document) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("http://p.example/x", True), ("http://p.example", False)]
)
def test_profiles_are_found_letter_for_letter(searching, value, expected):
    document = {"resourceType": "Patient", "meta": {"profile": ["http://p.example/x"]}}
    assert found(searching, "_profile", value, document) == expected


def test_a_type_it_cannot_point_to_is_refused(searching):
    with pytest.raises(NotSupported, match="Patient"):
        searching.plan("Observation?subject:Practitioner=1")
    with pytest.raises(BadRequest):
        searching.plan("Observation?subject=https://here.example/fhir/")
