"""Composition/$document: whole or an error; stored when asked."""

import pytest

from tests.operations.conftest import parameters

NARRATIVE = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'


@pytest.fixture
def letter(record):
    """Put a letter about Siti that also refers to ``extra``."""

    def put(*extra):
        entries = ("MedicationRequest/rx-siti", *extra)
        return record(
            "Composition",
            "letter",
            status="final",
            type={"text": "Surat"},
            subject={"reference": "Patient/siti"},
            date="2024-03-01",
            author=[{"reference": "Practitioner/ani"}],
            title="Surat",
            section=[
                {
                    "text": {"status": "generated", "div": NARRATIVE},
                    "entry": [{"reference": each} for each in entries],
                }
            ],
        )

    return put


def types(bundle):
    return [each["resource"]["resourceType"] for each in bundle["entry"]]


def test_the_composition_comes_first_then_what_it_refers_to(fhir, letter):
    letter()

    bundle = fhir.read("Composition/letter/$document")

    assert bundle["type"] == "document"
    assert bundle["identifier"]["value"].startswith("urn:uuid:")
    assert types(bundle)[0] == "Composition"
    assert set(types(bundle)) == {
        "Composition",
        "Patient",
        "Practitioner",
        "MedicationRequest",
        "Medication",
        "Encounter",
    }
    assert len({each["fullUrl"] for each in bundle["entry"]}) == len(bundle["entry"])


def test_the_type_level_names_it_by_id(fhir, letter):
    letter()

    assert types(fhir.read("Composition/$document?id=letter"))[0] == "Composition"
    assert types(fhir.read("Composition/$document?id=Composition/letter"))[0] == "Composition"


def test_a_document_that_is_kept_can_be_read(fhir, letter):
    letter()

    said = fhir("POST", "Composition/letter/$document", parameters(persist__valueBoolean=True))

    assert said.status == 200
    assert said.headers["Location"].endswith(f"/Bundle/{said.json['id']}")
    assert fhir.read(f"Bundle/{said.json['id']}") == said.json


def test_a_document_with_a_hole_is_an_error_that_says_where(fhir, letter):
    letter("Observation/gone", "https://elsewhere.example/fhir/Observation/1")

    said = fhir("GET", "Composition/letter/$document")

    assert said.status == 422
    assert [each["expression"] for each in said.issues] == [
        ["Composition.section[0].entry[1].reference"],
        ["Composition.section[0].entry[2].reference"],
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Composition/none/$document", 404),
        ("Composition/$document", 400),
        ("Composition/$document?id=https://elsewhere.example/Composition/1", 400),
        ("Composition/letter/$document?id=letter", 400),
        ("Composition/letter/$document?persist=true", 405),
    ],
)
def test_what_cannot_be_answered_is_said(fhir, letter, path, status):
    letter()

    assert fhir("GET", path).status == status
