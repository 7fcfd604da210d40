"""BR-B3 and NIK-UNIK on the write road: a unit there is, and one record for one NIK."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from fhir_server.mappings.codes import NIK, code_system, sid
from tests.support.fhir import bundle, entry

SITI = "9902015203860001"


def patient(nik=SITI, **elements):
    return {
        "resourceType": "Patient",
        "identifier": [{"system": NIK, "value": nik}],
        "name": [{"text": "Rekaan"}],
        **elements,
    }


def visit(unit=None, **elements):
    kind = {"coding": [{"system": code_system("unit-layanan"), "code": unit}]}
    return {
        "resourceType": "Encounter",
        "status": "arrived",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        **({"serviceType": kind} if unit else {}),
        **elements,
    }


NUMBER = [{"system": sid("no-registrasi", "pkm-dharma-rini"), "value": "RG-1"}]


def test_br_b3_a_unit_that_is_none_is_refused(ask):
    refused = ask("POST", "Encounter", visit("radiologi"))

    assert refused.status == 422
    (issue,) = refused.issues
    assert (issue.rule, issue.expression) == ("BR-B3", "Encounter.serviceType")
    assert "anak-mtbs" in issue.indonesian
    assert ask.count("Encounter") == 0


def test_br_b3_a_registered_visit_names_its_unit(ask):
    assert ask("POST", "Encounter", visit(identifier=NUMBER)).status == 422
    assert ask("POST", "Encounter", visit("kia", identifier=NUMBER)).status == 201


def test_visits_of_others_are_none_of_br_b3(ask):
    other = {"coding": [{"system": "http://hospital.example/units", "code": "radiology"}]}

    assert ask("POST", "Encounter", visit(serviceType=other)).status == 201


def test_a_second_patient_with_the_same_nik_is_refused_without_naming_the_first(ask):
    first = ask("POST", "Patient", patient()).json

    refused = ask("POST", "Patient", patient(name=[{"text": "Orang Lain"}]))

    assert refused.status == 409
    (issue,) = refused.issues
    assert issue.rule == "NIK-UNIK"
    assert first["id"] not in issue.diagnostics + issue.indonesian
    assert SITI not in issue.diagnostics + issue.indonesian
    assert "Rekaan" not in issue.diagnostics + issue.indonesian
    assert ask.count("Patient") == 1


def test_the_same_patient_may_be_changed(ask):
    ask("PUT", "Patient/siti", patient(id="siti"))

    assert ask("PUT", "Patient/siti", patient(id="siti", gender="female")).status == 200


@pytest.mark.parametrize(
    "elements",
    [
        {"active": False},
        {"link": [{"other": {"reference": "Patient/siti"}, "type": "replaced-by"}]},
        {"identifier": [{"system": NIK, "value": SITI, "use": "old"}]},
    ],
)
def test_a_record_out_of_use_does_not_count(ask, elements):
    ask("POST", "Patient", patient() | elements)

    assert ask("POST", "Patient", patient()).status == 201


def test_patients_without_nik_are_many(ask):
    """BR-B3: a newborn or a foreigner is registered without a NIK."""
    nameless = {"resourceType": "Patient", "name": [{"text": "Bayi Ny. Rekaan"}]}

    assert [ask("POST", "Patient", nameless).status for _ in range(2)] == [201, 201]


def test_a_merge_in_one_transaction_passes(ask):
    ask("PUT", "Patient/a", patient(id="a"))

    merged = ask(
        "POST",
        "",
        bundle(
            "transaction",
            entry("PUT", "Patient/a", patient(id="a", active=False)),
            entry("PUT", "Patient/b", patient(id="b")),
        ),
    )

    assert merged.status == 200


def test_two_in_one_transaction_are_refused(ask):
    both = [entry("POST", "Patient", patient()) for _ in range(2)]

    assert ask("POST", "", bundle("transaction", *both)).status == 409
    assert ask.count("Patient") == 0


@pytest.mark.parametrize("attempt", range(4))
def test_of_many_at_once_exactly_one_is_registered(ask, attempt):
    together = Barrier(8)

    def register(_):
        together.wait()
        return ask("POST", "Patient", patient(f"99020152038600{attempt:02d}")).status

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(register, range(8)))

    assert answers == [201, *[409] * 7]
