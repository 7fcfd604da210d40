"""_filter means what the same parameters mean, joined by and, or and not."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from fhir_server.errors import BadRequest, NotSupported
from tests.search.matching import is_match

SITI = {
    "resourceType": "Patient",
    "id": "siti",
    "active": True,
    "name": [{"family": "Nurhaliza", "given": ["Siti"]}],
    "gender": "female",
    "birthDate": "1990-05-01",
    "identifier": [{"system": "http://nik", "value": "1|2"}],
}


def url(text, kind="Patient"):
    return f"{kind}?_filter={quote(text)}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('given eq "siti"', True),
        ('given eq "sit"', False),
        ('given sw "sit"', True),
        ('name co "halIZ"', True),
        ('family ew "liza"', True),
        ('family ew "nur"', False),
        ('given ne "siti"', False),
        ("gender eq female and birthdate ge 1990-05-01", True),
        ("gender eq male and birthdate ge 1990-05-01", False),
        ("gender eq male or birthdate lt 1991", True),
        ("gender eq male and active eq true or birthdate lt 1991", True),
        ("gender eq male and (active eq true or birthdate lt 1991)", False),
        ("not (gender eq male)", True),
        ("not (gender eq female or active eq true)", False),
        ("birthdate eq 1990-05", True),
        ("birthdate ne 1990-05", False),
        ("birthdate sa 1990-04 and birthdate eb 1990-06", True),
        ("death-date pr false", True),
        ("birthdate pr true", True),
        ("gender ne male", True),
        ("_id eq siti", True),
    ],
)
def test_what_it_finds(searching, text, expected):
    plan = searching.plan(url(text))
    stored = {"_id": "siti", "ix": searching.index(SITI)}
    assert is_match(plan.filter, stored) == expected


def test_a_chain_may_stand_at_the_top(searching):
    plan = searching.plan(url('patient.name eq "siti" and status eq final', "Observation"))
    assert plan.joins[0].resource_type == "Patient"
    with pytest.raises(NotSupported):
        searching.plan(url('patient.name eq "siti" or status eq final', "Observation"))


@pytest.mark.parametrize(
    "text",
    [
        *("", "given", "given eq", "given is x", "(given eq x", "given eq x)", 'given eq "x'),
        *("not given eq x", "given eq x and", "nmae eq x", "and", "birthdate pr 3", "given eq ()"),
        "(" * 30 + "given eq x" + ")" * 30,
    ],
)
def test_what_cannot_be_read_is_refused(searching, text):
    with pytest.raises(BadRequest):
        searching.plan(url(text))


@pytest.mark.parametrize("text", ["birthdate po 1990", "gender gt x", "name[x eq y].given eq z"])
def test_what_cannot_be_answered_is_refused(searching, text):
    with pytest.raises(NotSupported):
        searching.plan(url(text))
