"""BR-B12 through the FHIR API: lots that are not over, no dose twice, Td in its intervals."""

from __future__ import annotations

from datetime import date

import pytest

from fhir_server.mappings.codes import KFA
from fhir_server.sop.imunisasi import jarak_td
from tests.support.visits import at, concept, kept, put, ref

NOW = at("09:40")


def dose(number=1, when=NOW, vaccine="VG139", identity=None, **elements):
    return {
        "resourceType": "Immunization",
        "id": identity or f"dose-{number}",
        "status": "completed",
        "vaccineCode": concept(KFA, vaccine),
        "patient": ref("Patient/p"),
        "occurrenceDateTime": when,
        "primarySource": True,
        "lotNumber": "TD-1",
        "expirationDate": "2025-11-19",
        "protocolApplied": [{"doseNumberPositiveInt": number}],
        **elements,
    }


def without(document, *names):
    return {name: value for name, value in document.items() if name not in names}


def test_br_b12_a_dose_with_a_living_lot_is_kept(ask):
    assert put(ask, dose()).status == 201


@pytest.mark.parametrize(
    ("document", "element"),
    [
        (without(dose(), "lotNumber"), "lotNumber"),
        (without(dose(), "expirationDate"), "expirationDate"),
        (dose(expirationDate="2024-05-07"), "expirationDate"),
        (dose(expirationDate="2024-04"), "expirationDate"),
    ],
)
def test_br_b12_a_new_dose_needs_a_lot_that_is_not_over(ask, document, element):
    refused = put(ask, document)

    assert refused.status == 422
    (issue,) = refused.issues
    assert (issue.rule, issue.expression) == ("BR-B12", f"Immunization.{element}")


@pytest.mark.parametrize("expiry", ["2024-05-08", "2024-05", "2024"])
def test_br_b12_a_lot_lives_to_the_end_of_its_day_or_month(ask, expiry):
    assert put(ask, dose(expirationDate=expiry)).status == 201


@pytest.mark.parametrize(
    "document",
    [
        without(dose(primarySource=False), "lotNumber", "expirationDate"),
        without(dose(status="not-done"), "lotNumber", "expirationDate"),
        without(dose() | {"vaccineCode": {"text": "Td"}}, "lotNumber"),
    ],
)
def test_a_dose_of_the_past_not_given_or_of_others_needs_no_lot(ask, document):
    assert put(ask, document).status == 201


def test_br_b12_no_dose_is_recorded_twice(ask):
    kept(ask, dose(2, primarySource=False, when="2023-01-02"))

    refused = put(ask, dose(2, identity="again"))

    assert refused.status == 409
    assert refused.issues[0].rule == "BR-B12"
    assert put(ask, dose(2, identity="other-vaccine", vaccine="VG45")).status == 201


def test_br_b12_td_comes_after_its_interval(ask):
    kept(ask, dose(1))

    early = put(ask, dose(2, when="2024-06-04T09:00:00+07:00"))
    right = put(ask, dose(2, when="2024-06-05T09:00:00+07:00"))

    assert (early.status, right.status) == (422, 201)
    assert "2024-06-05" in early.issues[0].diagnostics


@pytest.mark.parametrize(
    ("number", "earliest"),
    [
        (2, date(2024, 1, 29)),
        (3, date(2024, 7, 1)),
        (4, date(2024, 12, 31)),
        (5, date(2024, 12, 31)),
    ],
)
def test_the_intervals_of_td(number, earliest):
    first = date(2024, 1, 1)

    assert jarak_td(number, earliest, first) is None
    assert jarak_td(
        number,
        earliest.replace(day=earliest.day - 1) if earliest.day > 1 else date(2024, 6, 30),
        first,
    )
