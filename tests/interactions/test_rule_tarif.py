"""BR-B21 and BR-B22 through the FHIR API: performed services, at the price of the ordinance."""

from __future__ import annotations

import dataclasses
import json

import pytest

from fhir_server.config import CANONICAL
from fhir_server.mappings.codes import code_system, sid
from fhir_server.mappings.rules import load_rules
from tests.support.visits import at, concept, dispense, drug, kept, payer, put, ref, visit

TARIF, PENJAMIN = code_system("tarif"), code_system("jenis-penjamin")


def tariff(kode="kb-iud", harga=75000, jenis="tindakan", law="perda-12-2023", **elements):
    url = f"{CANONICAL}/StructureDefinition/jenis-layanan-tarif"
    kind = concept(code_system("jenis-layanan-tarif"), jenis)
    price = {"type": "base", "amount": {"value": harga, "currency": "IDR"}}
    return {
        "resourceType": "ChargeItemDefinition",
        "id": f"{law}-{kode}",
        "extension": [{"url": url, "valueCodeableConcept": kind}],
        "url": f"{CANONICAL}/ChargeItemDefinition/{law}-{kode}",
        "identifier": [{"system": sid("tarif"), "value": kode}],
        "status": "active",
        "effectivePeriod": {"start": "2024-01-01"},
        "code": concept(TARIF, kode),
        "propertyGroup": [{"priceComponent": [price]}],
        **elements,
    }


def done(identity="t", patient="p", status="completed"):
    return {
        "resourceType": "Procedure",
        "id": identity,
        "status": status,
        "code": concept(code_system("tindakan-kb"), "pasang-iud"),
        "subject": ref(f"Patient/{patient}"),
        "encounter": ref("Encounter/v"),
        "performedDateTime": at("09:20"),
    }


def charge(kode="kb-iud", identity="c", place="Procedure/t", law="perda-12-2023", **elements):
    service = {"service": [ref(place)]} if place else {}
    return {
        "resourceType": "ChargeItem",
        "id": identity,
        "definitionUri": [f"{CANONICAL}/ChargeItemDefinition/{law}-{kode}"],
        "status": "billable",
        "code": concept(TARIF, kode),
        "subject": ref("Patient/p"),
        "context": ref("Encounter/v"),
        "occurrenceDateTime": at("09:40"),
        "quantity": {"value": 1},
        **service,
        **elements,
    }


def money(value, currency="IDR"):
    return {"value": value, "currency": currency}


def line(kode="kb-iud", harga=75000, item="c", *others):
    base = {"type": "base", "code": concept(TARIF, kode), "amount": money(harga)}
    return {"chargeItemReference": ref(f"ChargeItem/{item}"), "priceComponent": [base, *others]}


def bill(*lines, total=75000, identity="b", **elements):
    return {
        "resourceType": "Invoice",
        "id": identity,
        "identifier": [{"system": sid("no-tagihan", "pkm"), "value": identity}],
        "status": "issued",
        "subject": ref("Patient/p"),
        "lineItem": list(lines),
        "totalNet": money(total),
        "totalGross": money(total),
        **elements,
    }


def without(document, *names):
    return {name: value for name, value in document.items() if name not in names}


@pytest.fixture(autouse=True)
def served(ask):
    """A visit of one who pays, an IUD that was inserted, drugs handed over, and the prices."""
    kept(ask, visit(**payer("umum")), done(), done("waiting", status="in-progress"))
    kept(ask, done("theirs", patient="other"), drug(), dispense(quantity={"value": 10}))
    kept(ask, tariff(), tariff("pemeriksaan", 10000, "kunjungan"), tariff("obat", 150.5, "obat"))
    kept(ask, tariff(law="perda-3-2011", harga=50000, status="retired"))


@pytest.mark.parametrize(
    "document",
    [
        charge(),
        charge("pemeriksaan", place=None),
        charge("obat", place="MedicationDispense/d", quantity={"value": 10}),
        charge(place=None, status="planned"),
        charge(place=None, status="aborted"),
    ],
)
def test_br_b22_a_performed_service_at_its_tariff_is_charged(ask, document):
    said = put(ask, document)

    assert said.status == 201, said.issues


@pytest.mark.parametrize(
    ("document", "element"),
    [
        (charge(place=None), "service"),
        (charge(place="Procedure/none"), "service"),
        (charge(place="Procedure/waiting"), "service"),
        (charge(place="Procedure/theirs"), "service"),
        (charge(place="MedicationDispense/d"), "service"),
        (charge(quantity={"value": 2}), "quantity"),
        (charge("obat", place="MedicationDispense/d", quantity={"value": 11}), "quantity"),
        (charge(priceOverride=money(80000)), "priceOverride"),
        (charge(factorOverride=1.1), "priceOverride"),
        (without(charge(), "definitionUri"), "definitionUri"),
        (charge("kb-suntik"), "definitionUri"),
        (charge(law="perda-3-2011"), "definitionUri"),
        (charge(occurrenceDateTime="2023-12-31T09:00:00+07:00"), "definitionUri"),
        (charge() | {"code": concept(TARIF, "pemeriksaan")}, "definitionUri"),
    ],
)
def test_br_b22_anything_else_is_refused(ask, document, element):
    refused = put(ask, document)

    assert refused.status == 422
    assert {each.rule for each in refused.issues} == {"BR-B22"}
    assert f"ChargeItem.{element}" in {each.expression for each in refused.issues}
    assert ask.count("ChargeItem") == 0


def test_br_b22_a_service_is_charged_once(ask):
    kept(ask, charge(), charge("pemeriksaan", "visit", place=None))

    twice = put(ask, charge(identity="again"))
    visit_twice = put(ask, charge("pemeriksaan", "again", place=None))

    assert (twice.status, visit_twice.status) == (422, 422)
    kept(ask, charge(status="aborted"))
    assert put(ask, charge(identity="again")).status == 201


@pytest.mark.parametrize("kind", ["bpjs-pbi", "bpjs-nonpbi", "gratis"])
def test_br_b21_who_is_covered_is_charged_nothing(ask, kind):
    kept(ask, visit(**payer(kind)))

    refused = put(ask, charge())

    assert (refused.status, refused.issues[0].rule) == (422, "BR-B21")
    assert put(ask, charge(status="not-billable")).status == 201


def test_br_b21_the_coverage_decides_where_the_visit_does_not_say(ask):
    coverage = {
        "resourceType": "Coverage",
        "id": "card",
        "status": "active",
        "type": concept(PENJAMIN, "bpjs-pbi"),
        "beneficiary": ref("Patient/p"),
        "payor": [{"display": "BPJS Kesehatan"}],
    }
    kept(ask, visit(), coverage)

    assert put(ask, charge()).issues[0].rule == "BR-B21"
    kept(ask, coverage | {"status": "cancelled"})
    assert put(ask, charge()).status == 201


def test_charges_of_others_are_none_of_br_b22(ask):
    kept(ask, visit(unit=None))
    theirs = charge(place=None, priceOverride=money(40, "EUR")) | {"code": {"text": "bed"}}

    assert put(ask, without(theirs, "definitionUri")).status == 201


def test_br_b22_a_bill_is_the_sum_of_its_lines(ask):
    kept(ask, charge(), charge("obat", "o", "MedicationDispense/d", quantity={"value": 10}))

    said = put(ask, bill(line(), line("obat", 1505, "o"), total=76505))

    assert said.status == 201, said.issues


def test_br_b22_sums_are_exact_decimals(ask):
    kept(ask, tariff("vitamin", 150.1, "obat"))
    kept(ask, charge("vitamin", "o", "MedicationDispense/d", quantity={"value": 3}))

    assert put(ask, bill(line("vitamin", 450.29999999999995, "o"), total=450.3)).status == 422
    assert put(ask, bill(line("vitamin", 450.3, "o"), total=450.3)).status == 201


@pytest.mark.parametrize(
    "document",
    [
        bill(line(harga=80000), total=80000),
        bill(line(), total=74999.99),
        bill(line(), total=80000),
        without(bill(line()), "totalGross"),
        bill(line("kb-iud", 75000, "c", {"type": "surcharge", "amount": money(5000)}), total=80000),
        bill(line("kb-iud", 75000, "c", {"type": "discount", "amount": money(-5000)}), total=70000),
        bill(line("kb-iud", 75000, "c", {"type": "tax", "amount": money(0.01)}), total=75000.01),
        bill(line("kb-iud", 75000, "c", line()["priceComponent"][0]), total=150000),
        bill(line(), line(), total=150000),
        bill(line("pemeriksaan", 10000), total=10000),
        bill(line(item="none")),
        bill({"chargeItemCodeableConcept": {"text": "Administrasi"}}, total=0),
        bill(line(), totalPriceComponent=[{"type": "surcharge", "amount": money(0)}]),
    ],
)
def test_br_b22_a_bill_has_nothing_beside_the_tariff(ask, document):
    kept(ask, charge())

    refused = put(ask, document)

    assert refused.status == 422
    assert {each.rule for each in refused.issues} == {"BR-B22"}


def test_br_b22_no_charge_stands_on_two_bills(ask):
    kept(ask, charge(), bill(line()))

    assert put(ask, bill(line(), identity="second")).status == 422
    kept(ask, bill(line(), status="cancelled", cancelledReason="Salah"))
    assert put(ask, bill(line(), identity="second")).status == 201


def test_br_b21_the_bill_of_who_is_covered_is_zero(ask):
    kept(ask, visit(**payer("bpjs-pbi")), charge(status="not-billable"))
    borne = {"type": "deduction", "amount": money(-75000)}

    whole = put(ask, bill(line()))
    part = put(ask, bill(line("kb-iud", 75000, "c", borne | {"amount": money(-70000)}), total=5000))

    assert {whole.issues[0].rule, part.issues[0].rule} == {"BR-B21"}
    assert put(ask, bill(line("kb-iud", 75000, "c", borne), total=0)).status == 201


def test_br_b22_a_price_in_force_is_not_changed(ask):
    refused = put(ask, tariff(harga=80000))

    assert (refused.status, refused.issues[0].rule) == (409, "BR-B22")
    assert put(ask, tariff(status="retired")).status == 200


def test_br_b22_one_ordinance_has_one_price_for_a_code(ask):
    assert put(ask, tariff() | {"id": "second"}).status == 409
    assert put(ask, tariff(law="perda-9-2025")).status == 201


def test_the_rules_follow_the_operators_canonical_base(parameters, settings):
    base = "https://dinkes.example/fhir"
    rules = load_rules(parameters, dataclasses.replace(settings, canonical=f"{base}/"))
    plain = charge(place=None) | {"context": ref("Group/g")}

    for each, rule in (
        (plain, "BR-B22"),
        (tariff(), "BR-B22 tarif"),
        (bill(line()), "BR-B22 tagihan"),
    ):
        moved = json.loads(json.dumps(each).replace(CANONICAL, base))

        assert rule in [found.rule for found in rules.concerns(moved, "x", new=False)]
        assert rule not in [found.rule for found in rules.concerns(each, "x", new=False)]
