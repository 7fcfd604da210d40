"""OBAT-RESEP: no more of a drug is handed over than was prescribed, whoever hands it over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from fhir_server.mappings.codes import sid
from tests.support.fhir import bundle, entry
from tests.support.visits import dispense, drug, kept, put

MG = {"system": "http://unitsofmeasure.org", "code": "mg"}
NUMBER = {"groupIdentifier": {"system": sid("no-resep"), "value": "RSP-1"}}


def prescribed(amount=30, **lines):
    return drug(
        **NUMBER, dispenseRequest={"quantity": {"value": amount, "unit": "tablet"}, **lines}
    )


def handed(amount, identity="d", **elements):
    return dispense(identity=identity, quantity={"value": amount, "unit": "tablet"}, **elements)


def test_obat_resep_together_at_most_what_was_prescribed(ask):
    kept(ask, prescribed(), handed(20))

    refused = put(ask, handed(11, "d2"))

    assert refused.status == 422
    (issue,) = refused.issues
    assert (issue.rule, issue.expression) == ("OBAT-RESEP", "MedicationDispense.quantity")
    assert "20" in issue.diagnostics
    assert "paling banyak 30" in issue.indonesian
    assert put(ask, handed(10, "d2")).status == 201


def test_obat_resep_a_change_is_counted_once(ask):
    kept(ask, prescribed(), handed(20), handed(10, "d2"))

    assert put(ask, handed(20, whenPrepared="2024-05-08T09:00:00+07:00")).status == 200
    assert put(ask, handed(21)).status == 422


def test_obat_resep_two_in_one_transaction_are_counted_together(ask):
    kept(ask, prescribed())
    both = [entry("PUT", f"MedicationDispense/{e['id']}", e) for e in (handed(20), handed(20, "e"))]

    assert ask("POST", "", bundle("transaction", *both)).status == 422
    assert ask("GET", "MedicationDispense/d").status == 404


@pytest.mark.parametrize(
    "others",
    [
        [prescribed(), handed(30, status="declined")],
        [prescribed(), handed(30, status="entered-in-error")],
        [prescribed(numberOfRepeatsAllowed=1), handed(30)],
        [drug(**NUMBER), handed(30)],
        [drug(dispenseRequest={"quantity": {"value": 30}}), handed(30)],
        [prescribed(), dispense(quantity={**MG, "value": 30})],
        [drug("another", dispenseRequest={"quantity": {"value": 30}}), prescribed()],
    ],
)
def test_obat_resep_void_repeated_unnumbered_and_uncountable_pass(ask, others):
    kept(ask, *others)

    assert put(ask, handed(30, "d2")).status == 201


def test_obat_resep_of_pharmacists_at_one_instant_one_passes(ask):
    kept(ask, prescribed())
    together = Barrier(4)

    def hand(number):
        together.wait()
        return put(ask, handed(20, f"d{number}")).status

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(hand, range(4)))

    assert sorted(statuses) == [201, 422, 422, 422]


def test_obat_resep_judges_what_names_a_prescription_only(ask):
    alone = {k: v for k, v in handed(99).items() if k != "authorizingPrescription"}

    assert put(ask, alone).status == 201
