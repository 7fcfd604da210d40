"""Several types in one search, page by page; what is included, hop by hop; the limits of both."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from fhir_server.config import Settings
from fhir_server.errors import BadRequest
from fhir_server.search import cursor
from fhir_server.search.compile import compile  # noqa: A004 - the name of what it does
from fhir_server.search.query import parse
from fhir_server.store.search import run

pytestmark = pytest.mark.mongo

KEY = cursor.key("secret of the test")


@pytest.fixture
def clinic(store, searching):
    """Two offices, one in the other; patients of the inner one; what was measured of them."""
    documents = [
        {"resourceType": "Organization", "id": "outer", "name": "Dinas"},
        {"resourceType": "Organization", "id": "inner", "partOf": to("Organization/outer")},
        *(
            {
                "resourceType": "Patient",
                "id": f"p{number}",
                "birthDate": f"19{number + 80}",
                "managingOrganization": to("Organization/inner"),
            }
            for number in range(6)
        ),
        *(
            {"resourceType": "Observation", "id": f"o{number}", "subject": to(f"Patient/p{number}")}
            for number in range(6)
        ),
    ]
    store.transact([searching.put(each) for each in documents])
    return store


def to(reference):
    return {"reference": reference}


def names(found):
    return [f"{each.resource_type}/{each.id}" for each in found.resources]


def pages(store, searching, kind, text, compartment=None):
    """Read a search page by page, each from the token of the one before."""
    query = parse(kind, parse_qsl(text), searching.parameters, compartment=compartment)
    found = []
    while True:
        page = store.search(compile(query, searching.parameters, Settings()))
        found += names(page)
        if not page.more:
            return found
        token = cursor.seal(query, page.last, KEY)
        query = cursor.unseal(token, kind, KEY, searching.parameters, compartment)


@pytest.mark.parametrize("count", [1, 2, 5, 100])
@pytest.mark.parametrize(
    "sort", ["", "&_sort=_id", "&_sort=-_lastUpdated", "&_sort=_lastUpdated", "&_sort=-_id"]
)
def test_several_types_are_paged_without_loss(clinic, searching, count, sort):
    found = pages(clinic, searching, None, f"_type=Patient,Organization&_count={count}{sort}")
    assert len(found) == len(set(found)) == 8
    assert set(found) == {f"Patient/p{n}" for n in range(6)} | {
        "Organization/inner",
        "Organization/outer",
    }


def test_everything_is_searched_without_a_type(clinic, searching):
    found = pages(clinic, searching, None, "_count=3")
    assert len(found) == len(set(found)) == 14
    total = clinic.search(
        compile(
            parse(None, [("_count", "0")], searching.parameters), searching.parameters, Settings()
        )
    )
    assert total.total == 14


@pytest.mark.parametrize("count", [1, 100])
def test_a_compartment_holds_its_own(clinic, searching, count):
    inside = ("Patient", "p1")
    text = f"_count={count}"
    assert pages(clinic, searching, None, text, inside) == ["Observation/o1", "Patient/p1"]
    assert pages(clinic, searching, "Observation", text, inside) == ["Observation/o1"]


def test_a_token_of_one_compartment_leads_nowhere_in_another(clinic, searching):
    query = parse("Observation", [], searching.parameters, compartment=("Patient", "p1"))
    page = clinic.search(compile(query, searching.parameters, Settings()))
    token = cursor.seal(query, page.last, KEY)
    with pytest.raises(BadRequest):
        cursor.unseal(token, "Observation", KEY, searching.parameters, ("Patient", "p2"))
    with pytest.raises(BadRequest):
        cursor.unseal(token, "Observation", KEY, searching.parameters)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("_include=Observation:subject", {"Patient/p1"}),
        (
            "_include=Observation:subject&_include:iterate=Patient:organization",
            {"Patient/p1", "Organization/inner"},
        ),
        (
            "_include=Observation:subject&_include:iterate=Patient:organization"
            "&_include:iterate=Organization:partof",
            {"Patient/p1", "Organization/inner", "Organization/outer"},
        ),
        ("_include:iterate=*", {"Patient/p1", "Organization/inner", "Organization/outer"}),
        ("_include=*", {"Patient/p1"}),
        ("_include=Observation:*", {"Patient/p1"}),
    ],
)
def test_includes_go_as_far_as_they_are_asked_to(clinic, searching, text, expected):
    found = clinic.search(searching.plan(f"Observation?_id=o1&{text}"))
    assert set(names(found)) == expected | {"Observation/o1"}


@pytest.mark.parametrize("text", ["_revinclude=*", "_revinclude=Observation:*"])
def test_everything_that_refers_to_a_match(clinic, searching, text):
    found = clinic.search(searching.plan(f"Patient?_id=p1&{text}"))
    assert names(found) == ["Patient/p1", "Observation/o1"]


def test_a_hop_costs_one_command(clinic, searching, commands):
    plan = searching.plan(
        "Observation?_id=o1&_include=Observation:subject&_include:iterate=Patient:organization"
    )
    commands.clear()
    clinic.search(plan)
    assert commands.round_trips == 3


def test_includes_are_bounded_over_all_hops(clinic, searching, settings):
    plan = searching.plan("Observation?_include:iterate=*")
    with pytest.raises(BadRequest, match="include"):
        run(clinic._database, plan, replace(settings, include_limit=7))
    assert len(run(clinic._database, plan, replace(settings, include_limit=8)).resources) == 14


def test_more_than_a_chain_may_pass_is_refused(clinic, searching, settings):
    plan = searching.plan("Observation?subject:Patient.organization.partof.name=dinas")
    assert len(clinic.search(plan).resources) == 6
    with pytest.raises(BadRequest, match="chain"):
        run(clinic._database, plan, replace(settings, chain_limit=3))
