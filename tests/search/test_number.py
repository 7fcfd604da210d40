"""Numbers and quantities: what is asked stands for all that round to it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.errors import BadRequest, NotSupported
from tests.search.matching import is_match

NUMBERS = st.decimals("-200", "200", places=2).map(str)
PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")
UCUM = "http://unitsofmeasure.org"


def compares(prefix, asked, value):
    """What R4 says in words: eq and ne by the digits given, the others exactly."""
    number = Decimal(asked)
    half = Decimal(1).scaleb(int(number.as_tuple().exponent)) / 2
    within = number - half <= value < number + half
    match prefix:
        case "" | "eq":
            return within
        case "ne":
            return not within
        case "gt" | "sa":
            return value > number
        case "lt" | "eb":
            return value < number
        case "ge":
            return value >= number
    return value <= number


def found(searching, query, document):
    url = f"{document['resourceType']}?{query}"
    return is_match(searching.plan(url).filter, {"ix": searching.index(document)})


def observed(value, **more):
    quantity = {"value": value, "system": UCUM, "code": "mg", "unit": "milligram", **more}
    return {"resourceType": "Observation", "valueQuantity": quantity}


@given(value=NUMBERS, asked=NUMBERS, prefix=st.sampled_from(PREFIXES), digits=st.integers(0, 2))
def test_quantities_compare_as_r4_says(searching, value, asked, prefix, digits):
    asked = str(round(Decimal(asked), digits)) if digits else str(int(Decimal(asked)))
    expected = compares(prefix, asked, Decimal(value))
    document = observed(float(value))
    assert found(searching, f"value-quantity={prefix}{asked}", document) == expected


@given(value=NUMBERS, asked=NUMBERS, prefix=st.sampled_from(PREFIXES))
def test_numbers_compare_as_r4_says(searching, value, asked, prefix):
    document = {"resourceType": "RiskAssessment", "prediction": [{"probabilityDecimal": value}]}
    document["prediction"][0]["probabilityDecimal"] = float(value)
    expected = compares(prefix, asked, Decimal(value))
    assert found(searching, f"probability={prefix}{asked}", document) == expected


@pytest.mark.parametrize(
    ("asked", "low", "high"),
    [
        ("100", "99.5", "100.5"),
        ("100.00", "99.995", "100.005"),
        ("1e2", "95", "105"),
        ("5.40e-3", "0.005395", "0.005405"),
    ],
)
def test_the_examples_of_r4(searching, asked, low, high):
    (test,) = searching.plan(f"RiskAssessment?probability={asked}").filter.values()
    test = test.get("$elemMatch", test)
    assert test["l"] == {"$gte": float(low), "$lt": float(high)}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (f"5.4|{UCUM}|mg", True),
        ("5.4||mg", True),
        ("5.4||milligram", True),
        ("5.4", True),
        (f"5.4|{UCUM}|g", False),
        ("5.4|http://else.example|mg", False),
        ("5.4||g", False),
        ("ap5", True),
        ("ap4", False),
        ("lt5.4||mg", False),
    ],
)
def test_units_are_compared(searching, asked, expected):
    assert found(searching, f"value-quantity={asked}", observed(5.4)) == expected


def test_a_comparator_reaches_without_end(searching):
    below = observed(5, comparator="<")
    assert found(searching, "value-quantity=lt3", below)
    assert not found(searching, "value-quantity=gt6", below)
    assert not found(searching, "value-quantity=5", below)


@pytest.mark.parametrize("asked", ["", "x", "5.4|mg", "5.4|http://a|", "--4", "1e", "9" * 50])
def test_what_is_no_quantity_is_refused_or_ignored(searching, asked):
    if not asked:
        assert searching.query("Observation?value-quantity=").warnings
        return
    with pytest.raises(BadRequest):
        searching.plan(f"Observation?value-quantity={asked}")


def test_modifiers_are_refused(searching):
    with pytest.raises(NotSupported):
        searching.plan("Observation?value-quantity:exact=1")


def test_money_and_ranges(searching):
    invoice = {"resourceType": "Invoice", "totalNet": {"value": 50000, "currency": "IDR"}}
    assert found(searching, "totalnet=50000||IDR", invoice)
    assert found(searching, "totalnet=gt40000|urn:iso:std:iso:4217|IDR", invoice)
    assert not found(searching, "totalnet=50000||USD", invoice)
    condition = {
        "resourceType": "Condition",
        "onsetRange": {"low": {"value": 2, "unit": "a"}, "high": {"value": 4, "unit": "a"}},
    }
    assert found(searching, "onset-age=gt3", condition)
    assert found(searching, "onset-age=lt3", condition)
    assert not found(searching, "onset-age=3", condition)
    assert not found(searching, "onset-age=sa2", condition)


def test_a_quantity_without_value_is_not_indexed(searching):
    assert "value-quantity" not in searching.index(
        {"resourceType": "Observation", "valueQuantity": {"unit": "mg"}}
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("5.0|{u}|g/L", True),
        ("ge5|{u}|g/L", True),
        ("gt5|{u}|g/L", False),
        ("ap0.0051|{u}|kg/L", True),
        ("500||mg/dL", True),
        ("5||g/L", False),
        ("5|{u}|g", False),
        ("500|{u}|mg/mL", False),
    ],
)
def test_units_of_ucum_are_converted(searching, asked, expected):
    document = observed(500, code="mg/dL", unit="mg/dL")
    query = "value-quantity=" + asked.replace("{u}", UCUM)
    assert found(searching, query, document) == expected


def test_a_comparator_reaches_on_in_base_units_too(searching):
    document = observed(500, code="mg/dL", comparator=">")
    assert found(searching, f"value-quantity=gt900|{UCUM}|g/L", document)
    assert not found(searching, f"value-quantity=lt1|{UCUM}|g/L", document)


def test_a_temperature_is_found_in_fahrenheit(searching):
    document = observed(37.0, code="Cel")
    assert found(searching, f"value-quantity=98.6|{UCUM}|[degF]", document)
    assert not found(searching, f"value-quantity=99.6|{UCUM}|[degF]", document)
