"""$expunge: off unless the operator allows it; then for good, by key, one patient alone."""

import dataclasses

import pytest

from tests.operations.conftest import parameters

ALL = parameters(expungeEverything__valueBoolean=True)
PAST = parameters(expungePreviousVersions__valueBoolean=True)
DELETED = parameters(expungeDeletedResources__valueBoolean=True)


@pytest.fixture
def settings(settings):
    return dataclasses.replace(settings, expunge=True)


def count(said):
    assert said.status == 200, said.json
    return {each["name"]: value(each) for each in said.json["parameter"]}


def value(parameter):
    return parameter.get("valueInteger", parameter.get("valueBoolean"))


@pytest.fixture
def old(fhir):
    """A patient with three versions."""
    for name in ("A", "B", "C"):
        fhir.kept("Patient/old", {"resourceType": "Patient", "id": "old", "name": [{"text": name}]})


def test_a_patient_goes_with_the_whole_record_and_nobody_else(fhir, record):
    record(
        "Appointment",
        "together",
        status="proposed",
        participant=[
            {"actor": {"reference": f"Patient/{who}"}, "status": "needs-action"}
            for who in ("siti", "budi")
        ],
    )

    said = count(fhir("POST", "Patient/siti/$expunge", ALL))

    assert said == {"count": 5, "more": False}
    for gone in ("Patient/siti", "Encounter/visit-siti", "Observation/temperature-siti"):
        assert fhir("GET", gone).status == 404
    assert fhir.read("Patient/budi/$everything")["entry"]
    assert fhir("GET", "Appointment/together").status == 200
    assert fhir("GET", "Patient/siti/_history").status == 404


@pytest.mark.usefixtures("record")
def test_it_goes_on_where_it_ended_and_takes_the_patient_last(fhir):
    few = parameters(expungeEverything__valueBoolean=True, limit__valueInteger=1)
    seen = []

    while fhir("GET", "Patient/siti").status == 200:
        seen.append(count(fhir("POST", "Patient/siti/$expunge", few)))

    assert len(seen) == 5
    assert fhir("GET", "MedicationRequest/rx-siti").status == 404
    assert fhir("GET", "MedicationRequest/rx-budi").status == 200


@pytest.mark.usefixtures("old")
def test_past_versions_lose_their_content_and_the_current_one_stays(fhir):
    said = count(fhir("POST", "Patient/old/$expunge", PAST))

    assert said == {"count": 2, "more": False}
    assert fhir.read("Patient/old")["name"] == [{"text": "C"}]
    assert fhir("GET", "Patient/old/_history/1").status == 410
    history = fhir.read("Patient/old/_history")
    assert [("resource" in each) for each in history["entry"]] == [True, False, False]


@pytest.mark.usefixtures("old")
def test_one_version_alone(fhir):
    assert count(fhir("POST", "Patient/old/_history/2/$expunge", PAST))["count"] == 1

    assert fhir("GET", "Patient/old/_history/2").status == 410
    assert fhir("GET", "Patient/old/_history/1").status == 200
    assert fhir("POST", "Patient/old/_history/3/$expunge", PAST).status == 409
    assert fhir("POST", "Patient/old/_history/9/$expunge", PAST).status == 404


@pytest.mark.usefixtures("old")
def test_what_is_deleted_goes_from_a_type(fhir):
    fhir("DELETE", "Patient/old")
    fhir.kept("Patient/new", {"resourceType": "Patient", "id": "new"})

    said = count(fhir("POST", "Patient/$expunge", DELETED))

    assert said["count"] == 4
    assert fhir("GET", "Patient/old").status == 404
    assert fhir("GET", "Patient/new").status == 200


@pytest.mark.usefixtures("old")
def test_an_expunged_id_can_be_used_again(fhir):
    fhir("POST", "Patient/old/$expunge", ALL)

    fhir.kept("Patient/old", {"resourceType": "Patient", "id": "old"})

    assert fhir.read("Patient/old")["meta"]["versionId"] == "1"


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("Patient/nobody/$expunge", ALL, 404),
        ("Patient/$expunge", ALL, 400),
        ("Patient/old/$expunge", {"resourceType": "Parameters"}, 400),
        ("Patient/old/$expunge", parameters(limit__valueInteger=0), 400),
        ("$expunge", ALL, 404),
    ],
)
def test_what_is_not_meant_is_refused(fhir, path, body, status):
    assert fhir("POST", path, body).status == status
    assert fhir.read("Patient/old/_history")["total"] == 3


class TestWithoutLeave:
    @pytest.fixture
    def settings(self, settings):
        return dataclasses.replace(settings, expunge=False)

    @pytest.mark.usefixtures("old")
    def test_it_is_off_by_default(self, fhir):
        assert fhir("POST", "Patient/old/$expunge", ALL).status == 403
        assert fhir("GET", "Patient/old").status == 200
