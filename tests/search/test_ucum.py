"""Units are compared by what they mean: UCUM, as far as clinics use it."""

from __future__ import annotations

import pytest

from fhir_server.search.ucum import canonical, unit


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("5", "g/L"), ("500", "mg/dL")),
        (("37", "Cel"), ("98.6", "[degF]")),
        (("1", "m[H2O]"), ("9806.65", "Pa")),
        (("120", "mm[Hg]"), ("15998.64", "Pa")),
        (("1", "kg"), ("1000", "g")),
        (("1", "[lb_av]"), ("453.59237", "g")),
        (("1", "[in_i]"), ("2.54", "cm")),
        (("60", "/min"), ("1", "/s")),
        (("60", "{beats}/min"), ("1", "Hz")),
        (("1", "10*3/uL"), ("1", "10*9/L")),
        (("1", "10^3/uL"), ("1", "10*9/L")),
        (("7", "mmol/L"), ("7", "mol/m3")),
        (("1", "meq/L"), ("1", "mmol/L")),
        (("1000", "m[iU]/mL"), ("1", "[IU]/mL")),
        (("50", "%"), ("0.5", "1")),
        (("1", "mg/kg/h"), ("24", "mg/kg/d")),
        (("1", "kg/m2"), ("1", "kg.m-2")),
        (("1", "U/L"), ("1", "umol/min/L")),
        (("1", "mg/(24.h)"), ("1", "mg/d")),
        (("1", "kcal"), ("4.184", "kJ")),
        (("1", "[psi]"), ("6894.757293168", "Pa")),
        (("12", "mo"), ("1", "a")),
        (("1", "mL"), ("1", "cm3")),
        (("3", "{score}"), ("3", "1")),
    ],
)
def test_equal_quantities(one, other):
    assert canonical(*one) == canonical(*other) is not None


@pytest.mark.parametrize(("one", "other"), [("g", "mol"), ("m", "m2"), ("[iU]", "mg"), ("K", "s")])
def test_what_cannot_be_compared(one, other):
    assert unit(one).exponents != unit(other).exponents


@pytest.mark.parametrize(
    "code",
    ["tablet", "mgg", "", "g//L", "(g", "g.", ".g", "m[", "10*", "g)", "x" * 100, "/", "dB[SPL]"],
)
def test_what_is_no_unit_has_no_canonical_form(code):
    found = unit(code)
    assert found is None or not found.exponents
