"""Patient/$match: the NIK decides, the rest is weighed, and nothing is certain without a number."""

import pytest

from fhir_server.mappings.codes import KK, NIK
from fhir_server.operations.likeness import score

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"


def patient(name=None, birth=None, nik=None, **elements):
    made = {"resourceType": "Patient", **elements}
    if name:
        made["name"] = [{"text": name}]
    if birth:
        made["birthDate"] = birth
    if nik:
        made["identifier"] = [{"system": NIK, "value": nik}]
    return made


SITI = patient("Ny. Siti Aminah", "1990-05-17", "9901020304050001", gender="female")


@pytest.fixture
def siti(fhir):
    return fhir.kept("Patient/siti", {**SITI, "id": "siti"})


def matched(said):
    assert said.status == 200, said.json
    return [
        (each["resource"]["id"], each["search"]["extension"][0]["valueCode"])
        for each in said.json.get("entry", [])
        if each["search"]["mode"] == "match"
    ]


def asking(document, **options):
    rows = [{"name": "resource", "resource": document}]
    for name, value in options.items():
        key = "valueBoolean" if isinstance(value, bool) else "valueInteger"
        rows.append({"name": name, key: value})
    return {"resourceType": "Parameters", "parameter": rows}


@pytest.mark.parametrize(
    ("asked", "low", "high"),
    [
        (patient("Someone Else", "1950-01-01", "9901020304050001"), 1, 1),
        (patient("Siti Aminah", "1990-05-17", "9901020304050002"), 0, 0),
        (patient("Aminah, Siti", "1990-05-17", gender="female"), 0.9, 0.94),
        (patient("Siti Aminnah", "1990-05-17"), 0.8, 0.94),
        (patient("Siti Aminah", "1990-05-07"), 0.6, 0.8),
        (patient("Budi Santoso", "1990-05-17"), 0, 0.6),
        (patient("Siti Aminah"), 0, 0),
    ],
)
def test_the_score(asked, low, high):
    assert low <= score(asked, SITI) <= high


def test_a_family_card_identifies_nobody():
    card = [{"system": KK, "value": "1"}]

    assert score({"identifier": card}, {"identifier": card}) == 0


@pytest.mark.usefixtures("siti")
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (patient(nik="9901020304050001"), [("siti", "certain")]),
        (patient("SITI AMINAH", "1990-05-17"), [("siti", "probable")]),
        (patient("Siti Aminah", "1990-05-07"), [("siti", "possible")]),
        (patient("Siti Aminah", "1990-05-17", "9901020304059999"), []),
    ],
)
def test_matches_have_a_score_and_a_grade(fhir, asked, expected):
    said = fhir("POST", "Patient/$match", asking(asked))

    assert matched(said) == expected


@pytest.mark.usefixtures("siti")
def test_the_patient_may_be_the_body_itself(fhir):
    said = fhir("POST", "Patient/$match", patient(nik="9901020304050001"))

    (entry,) = said.json["entry"]
    assert entry["search"]["score"] == 1
    assert entry["search"]["extension"][0]["url"] == GRADE


@pytest.mark.usefixtures("siti")
def test_only_certain_matches_are_one_or_none(fhir):
    likely = patient("Siti Aminah", "1990-05-17")
    sure = patient(nik="9901020304050001")

    assert matched(fhir("POST", "Patient/$match", asking(likely, onlyCertainMatches=True))) == []
    assert matched(fhir("POST", "Patient/$match", asking(sure, onlyCertainMatches=True)))
    fhir.made("Patient", {**SITI, "active": False})
    twice = fhir("POST", "Patient/$match", asking(sure, onlyCertainMatches=True))
    assert matched(twice) == []
    assert twice.json["entry"][0]["search"]["mode"] == "outcome"


@pytest.mark.usefixtures("siti")
def test_count_is_the_most_that_are_given(fhir):
    fhir.made("Patient", {**SITI, "active": False})

    said = fhir("POST", "Patient/$match", asking(patient(nik="9901020304050001"), count=1))

    assert len(matched(said)) == 1
    assert said.json["total"] == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (asking({"resourceType": "Patient"}), 422),
        (asking(patient("Siti")), 422),
        (asking({"resourceType": "Patient", "birthDate": "yesterday"}), 422),
        (asking({"resourceType": "Practitioner"}), 400),
        ({"resourceType": "Parameters"}, 400),
    ],
)
def test_too_little_or_wrong_is_refused(fhir, body, status):
    assert fhir("POST", "Patient/$match", body).status == status
