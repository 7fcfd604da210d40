"""BR-C9 through the FHIR API: nobody goes home while a drug of the visit waits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.support.fhir import bundle, entry
from tests.support.visits import dispense, drug, kept, put, ref, visit

OUTSIDE = {"dispenseRequest": {"performer": ref("Organization/apotek-mitra")}}
OWN = {"dispenseRequest": {"performer": ref("Organization/pkm")}}
PKM = {"serviceProvider": ref("Organization/pkm")}


def finished(**elements):
    return visit(status="finished", **elements)


def test_br_c9_a_drug_that_waits_keeps_the_visit_open(ask):
    kept(ask, visit(), drug(groupIdentifier={"value": "RSP-1"}))

    refused = put(ask, finished())

    assert refused.status == 409
    (issue,) = refused.issues
    assert (issue.rule, issue.expression) == ("BR-C9", "Encounter.status")
    assert "RSP-1" in issue.diagnostics
    assert "RSP-1" in issue.indonesian
    assert ask("GET", "Encounter/v").json["status"] == "in-progress"


@pytest.mark.parametrize(
    "settled",
    [
        [drug(), dispense()],
        [drug(), dispense(status="declined")],
        [drug(**OUTSIDE)],
        [drug(status="completed")],
        [drug(status="cancelled")],
        [drug(intent="plan")],
        [drug(visit="another")],
    ],
)
def test_br_c9_handed_over_declined_or_outside_lets_it_finish(ask, settled):
    kept(ask, visit(**PKM), *settled)

    assert put(ask, finished(**PKM)).status == 200


@pytest.mark.parametrize(
    "waiting",
    [[drug(**OWN)], [drug(), dispense(status="in-progress")], [drug(), dispense(drug="o")]],
)
def test_br_c9_own_pharmacy_preparing_or_another_drug_does_not(ask, waiting):
    kept(ask, visit(**PKM), *waiting)

    assert put(ask, finished(**PKM)).status == 409


def test_br_c9_no_prescription_after_going_home(ask):
    kept(ask, visit(), finished())

    refused = put(ask, drug())

    assert (refused.status, refused.issues[0].rule) == (409, "BR-C9")
    assert put(ask, drug(**OUTSIDE)).status == 201


@pytest.mark.parametrize("elements", [{"kind": "VR"}, {"unit": None}])
def test_consultations_from_afar_and_visits_of_others_are_none_of_br_c9(ask, elements):
    kept(ask, visit(**elements), drug())

    assert put(ask, finished(**elements)).status == 200


def test_br_c9_dispensing_and_finishing_in_one_transaction_passes(ask):
    kept(ask, visit(), drug())
    done = [finished(), dispense()]
    entries = [entry("PUT", f"{each['resourceType']}/{each['id']}", each) for each in done]

    assert ask("POST", "", bundle("transaction", *entries)).status == 200


@pytest.mark.parametrize("attempt", range(4))
def test_br_c9_of_finishing_and_prescribing_at_once_exactly_one_wins(ask, attempt):
    kept(ask, visit(f"v{attempt}"))
    together = Barrier(2)

    def write(resource):
        together.wait()
        return put(ask, resource).status

    both = [finished(identity=f"v{attempt}"), drug(f"rx{attempt}", visit=f"v{attempt}")]
    with ThreadPoolExecutor() as pool:
        answers = tuple(pool.map(write, both))

    assert answers in {(200, 409), (409, 201)}
