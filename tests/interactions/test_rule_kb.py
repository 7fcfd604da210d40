"""BR-B9, BR-B10 and BR-B11 through the FHIR API: contraception in its order of steps."""

from __future__ import annotations

import dataclasses

import pytest

from fhir_server.mappings.codes import ICD_9_CM, ICD_10, SNOMED
from fhir_server.mappings.rules import load_rules
from tests.support.fhir import Server, bundle, entry
from tests.support.visits import (
    at,
    concept,
    dispense,
    drug,
    kept,
    procedure,
    put,
    ref,
    service,
    visit,
)

CONTRACEPTION = {"reasonCode": [concept(ICD_10, "Z30.4")]}


@pytest.fixture(autouse=True)
def asked_for(ask):
    """A visit with a prescription and the service it is for."""
    kept(ask, visit(), drug(), service())


def test_br_b9_the_drug_comes_first(ask):
    refused = put(ask, procedure())

    assert refused.status == 422
    (issue,) = refused.issues
    assert (issue.rule, issue.expression) == ("BR-B9", "Procedure.performed")
    assert "serahkan obat" in issue.indonesian
    kept(ask, dispense())
    assert put(ask, procedure()).status == 201


@pytest.mark.parametrize(
    "handed",
    [
        dispense("09:31"),
        dispense(status="in-progress"),
        dispense(status="entered-in-error"),
        dispense(patient="other"),
        dispense(drug="another"),
        {**dispense(), "whenHandedOver": None},
    ],
)
def test_br_b9_not_every_dispense_will_do(ask, handed):
    kept(ask, {name: value for name, value in handed.items() if value is not None})

    assert put(ask, procedure()).status == 422


@pytest.mark.parametrize(
    "done",
    [
        procedure("pasang-implan"),
        procedure("suntik-1bl"),
        procedure("169553002", SNOMED),
        procedure("99.24", ICD_9_CM, **CONTRACEPTION),
        procedure("99.24", ICD_9_CM),
        procedure("169553002", SNOMED, basedOn=[ref("ServiceRequest/none")]),
        procedure(performedDateTime="2024-05-08"),
        procedure(status="in-progress"),
    ],
)
def test_br_b9_holds_in_whatever_code_and_form(ask, done):
    assert put(ask, done).status == 422


def test_br_b9_a_whole_day_is_not_before_the_dispense_of_that_day(ask):
    kept(ask, dispense())

    assert put(ask, procedure(clock=None)).status == 201


def test_br_b9_a_drug_that_is_based_on_the_service_counts(ask):
    kept(ask, service() | {"supportingInfo": [ref("Patient/p")]})
    kept(ask, drug("rx-2", basedOn=[ref("ServiceRequest/s")]), dispense(drug="rx-2"))

    assert put(ask, procedure()).status == 201


def test_br_b9_handing_over_and_doing_in_one_transaction_passes(ask):
    done = [procedure(), dispense()]
    entries = [entry("PUT", f"{each['resourceType']}/{each['id']}", each) for each in done]

    assert ask("POST", "", bundle("transaction", *entries)).status == 200


@pytest.mark.parametrize(
    "done",
    [
        procedure(status="not-done"),
        procedure(status="preparation"),
        procedure("cabut-implan"),
        procedure("99.24", ICD_9_CM, basedOn=[ref("ServiceRequest/none")]),
    ],
)
def test_what_is_not_done_or_needs_no_drug_passes(ask, done):
    assert put(ask, done).status == 201


def test_the_procedures_of_a_hospital_are_none_of_br_b9(ask):
    kept(ask, visit(unit=None))

    elsewhere = procedure("169553002", SNOMED, basedOn=[ref("ServiceRequest/none")])
    assert put(ask, elsewhere).status == 201


def test_br_b9_a_code_of_others_means_what_its_service_asks_for(ask):
    kept(ask, service("implan"))

    assert put(ask, procedure("86.09", ICD_9_CM)).status == 422
    assert put(ask, procedure("97.71", ICD_9_CM)).status == 201


@pytest.mark.parametrize("method", ["pil", "kondom"])
def test_br_b10_a_pill_has_no_procedure(ask, method):
    kept(ask, service(method), dispense())

    refused = put(ask, procedure("kontrol-iud"))

    assert refused.status == 422
    assert {each.rule for each in refused.issues} == {"BR-B10"}


@pytest.mark.parametrize(("code", "system"), [("pasang-iud", None), ("69.7", ICD_9_CM)])
def test_br_b11_an_iud_needs_no_prescription(ask, code, system):
    kept(ask, service("iud") | {"supportingInfo": [ref("Patient/p")]})

    assert put(ask, procedure(code, system, clock="08:00")).status == 201
    assert at("08:00") in ask("GET", "Procedure/t").raw.decode()


def test_br_b9_the_code_of_an_implant_is_the_operators(context):
    settings = dataclasses.replace(context.settings, kb_implan_icd9cm="99.29")
    rules = load_rules(context.parameters, settings)
    ask = Server(dataclasses.replace(context, settings=settings, rules=rules))
    kept(ask, service("implan"))

    assert put(ask, procedure("99.29", ICD_9_CM)).status == 422
    assert put(ask, procedure("86.09", ICD_9_CM)).status == 201
