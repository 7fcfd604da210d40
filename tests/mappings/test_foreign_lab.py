"""Laboratory results that another system wrote, read in the words of the SOP."""

from decimal import Decimal

import pytest

from fhir_server.mappings.codes import LOINC, SNOMED
from fhir_server.mappings.hasil_lab import from_fhir, parts
from fhir_server.mappings.observation_lab import read_observation
from fhir_server.sop.hasil_lab import ButirHasil

HB = {"coding": [{"system": LOINC, "code": "718-7"}]}


def observation(code=HB, **elements):
    return {"resourceType": "Observation", "id": "o", "status": "final", "code": code, **elements}


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"valueInteger": 11}, {"angka": Decimal(11)}),
        (
            {"valueQuantity": {"value": 10.8, "unit": "g/dl"}},
            {"angka": Decimal("10.8"), "satuan": "g/dl"},
        ),
        ({"valueString": "lisis"}, {"teks": "lisis"}),
        (
            {"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "11214006"}]}},
            {"pilihan": "reaktif"},
        ),
        ({"valueCodeableConcept": {"coding": [{"display": "Weakly"}]}}, {"teks": "Weakly"}),
        ({"valueCodeableConcept": {"text": "Indeterminate"}}, {"teks": "Indeterminate"}),
        ({}, {}),
    ],
)
def test_every_kind_of_value(elements, expected):
    found = read_observation(observation(**elements), "slip")

    assert found == ButirHasil(pemeriksaan="hb", **expected)


def test_a_test_of_a_local_code_is_called_by_its_name():
    found = read_observation(observation({"text": "Widal"}, valueString="1/80"), None)

    assert found == ButirHasil(pemeriksaan="Widal", teks="1/80")


def test_a_result_of_nothing_is_left_out():
    assert read_observation(observation({}), None) is None


def test_a_report_that_says_little_is_still_read():
    report = {"resourceType": "DiagnosticReport", "id": "r", "status": "corrected", "code": HB}

    found = from_fhir({"": report, "x": observation(valueInteger=11)})

    assert (found["status"], found["pengantar"], found["faskes"]) == ("dikoreksi", None, None)
    assert found["hasil"] == (ButirHasil(pemeriksaan="hb", angka=Decimal(11)),)


def test_parts_of_a_foreign_report_have_the_roles_of_their_tests():
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "result": [{"reference": "Observation/o"}, {"reference": "Observation/gone"}],
        "specimen": [{"reference": "Specimen/s"}, {"reference": "Specimen/odd"}],
    }
    blood = {"coding": [{"system": SNOMED, "code": "119297000"}]}
    gathered = {
        "Observation/o": observation(),
        "Specimen/s": {"resourceType": "Specimen", "id": "s", "type": blood},
        "Specimen/odd": {"resourceType": "Specimen", "id": "odd"},
    }

    assert parts(report, gathered) == {
        "hasil-hb": "Observation/o",
        "gone": "Observation/gone",
        "spesimen-darah": "Specimen/s",
        "odd": "Specimen/odd",
    }
