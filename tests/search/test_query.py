"""What a request says is understood, reported as ignored, or refused; never quietly changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fhir_server.config import Settings
from fhir_server.errors import BadRequest, NotSupported
from fhir_server.resources.definitions import load_definitions
from fhir_server.search import cursor
from fhir_server.search.compile import compile  # noqa: A004 - the name of what it does
from fhir_server.search.plan import Include, SortKey
from fhir_server.search.query import parse

S = Settings()
TYPES = load_definitions().types
KEY = cursor.key("secret of the test")


def test_commas_repeats_and_escapes(searching):
    plan = searching.plan(r"Patient?identifier=a\,b,c&identifier=d\|e&identifier=f%5C%5C")
    assert plan.filter == {
        "$and": [
            {"ix.identifier": {"$in": ["a,b", "c"]}},
            {"ix.identifier": "d|e"},
            {"ix.identifier": "f\\"},
        ]
    }


def test_unknown_parameters_are_reported_with_the_nearest_names(searching):
    query = searching.query("Patient?nmae=x&gender=male")
    assert [issue.severity for issue in query.warnings] == ["warning"]
    assert "Did you mean name" in query.warnings[0].diagnostics
    assert query.used == (("gender", "male"),)


def test_unknown_parameters_are_refused_under_strict_handling(searching):
    with pytest.raises(BadRequest, match="name"):
        searching.query("Patient?nmae=x", strict=True)


def test_an_empty_value_is_ignored_and_reported(searching):
    query = searching.query("Patient?name=&gender=,")
    assert query.criteria == ()
    assert len(query.warnings) == 2


@pytest.mark.parametrize(
    "url",
    [
        "Patient?_text=x",
        "Patient?_content=x",
        "Patient?_query=x",
        "Patient?_contained=true",
        "Patient?phonetic=x",
        "Patient?part-agree=x",
        "Patient?name:sounds=x",
        "Patient?_lastUpdated:x=2024",
        "Patient?_count:x=1",
        "Observation?combo-code-value-quantity:not=a$1",
        "Observation?_sort=code-value-quantity",
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_what_is_not_supported_says_so_under_every_handling(searching, url, strict):
    with pytest.raises(NotSupported):
        searching.plan(url, strict=strict)


@pytest.mark.parametrize(
    "url",
    [
        "Patient?_count=many",
        "Patient?_count=-1",
        "Patient?_total=some",
        "Patient?_summary=short",
        "Patient?_sort=nmae",
        "Patient?gender:missing=yes",
        "Patient?gender.code=x",
        "Observation?subject:Encounter.status=x",
        "Observation?patient.nmae=x",
        "Patient?_has:Observation:code=x",
        "Patient?_has:Observations:patient:code=x",
        "Patient?_has:Observation:patients:code=x",
        "Patient?_has:Observation:encounter:code=x",
        "Patient?_include=Patient",
        "Patient?_include=Observation:patient",
        "Patient?_include=Patient:nobody",
        "Patient?_include=Patient:organization:Patient",
        "Patient?_revinclude=Encounter:location",
        "Patient?_revinclude=Encounter:patient:Group",
    ],
)
def test_what_cannot_be_read_is_refused(searching, url):
    with pytest.raises(BadRequest):
        searching.plan(url)


def test_over_all_types_only_what_every_resource_has_may_be_asked(searching):
    plan = compile(parse(None, [("_id", "x")], searching.parameters), searching.parameters, S)
    assert {plan.resource_type, *(each.resource_type for each in plan.also)} == set(TYPES)
    assert [key.field for key in plan.sort] == ["k", "_id"]
    for name in ("name", "_has:Observation:subject:code", "_include"):
        with pytest.raises(BadRequest, match="_type"):
            parse(None, [(name, "x")], searching.parameters)


def test_what_one_of_several_types_does_not_know_counts_for_none(searching):
    pairs = [("_type", "Patient,Observation"), ("gender", "male"), ("_id", "a")]
    query = parse(None, pairs, searching.parameters)
    assert [each.resource_type for each in query.each] == ["Observation", "Patient"]
    assert all(len(each.criteria) == 1 for each in query.each)
    assert query.used == (("_type", "Patient,Observation"), ("_id", "a"))
    assert len(query.warnings) == 1
    with pytest.raises(BadRequest, match="gender"):
        parse(None, pairs, searching.parameters, strict=True)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("Patient/1", "ix.patient"),
        ("Group/1", "ix.subject"),
        ("https://other.example/fhir/Patient/1", "ix.subject"),
    ],
)
def test_a_subject_who_is_a_patient_is_asked_where_the_index_is(searching, value, field):
    query = parse("Observation", [("subject", value)], searching.parameters)

    assert compile(query, searching.parameters, S).filter == {field: value}


def test_a_compartment_is_asked_by_what_puts_a_resource_into_it(searching):
    inside = ("Patient", "1")
    query = parse("Observation", [], searching.parameters, compartment=inside)
    plan = compile(query, searching.parameters, S)
    assert plan.filter == {
        "$or": [{"ix.patient": "Patient/1"}, {"ix._of": "Patient/1"}],
    }
    everything = parse(None, [], searching.parameters, compartment=inside)
    assert "Observation" in {each.resource_type for each in everything.each}
    assert "Medication" not in {each.resource_type for each in everything.each}
    with pytest.raises(BadRequest, match="Medication"):
        parse("Medication", [], searching.parameters, compartment=inside)


def test_the_result_parameters(searching):
    query = searching.query(
        "Patient?_count=7&_sort=-birthdate,family&_total=accurate&_summary=text"
        "&_elements=name,%20gender&_elements=active&_format=json&_pretty=true"
    )
    assert (query.count, query.total, query.summary) == (7, "accurate", "text")
    assert query.elements == ("name", "gender", "active")
    assert ("_format", "json") not in query.used


def test_sort_ends_with_the_id_in_the_direction_of_the_last_key(searching):
    assert searching.plan("Observation?_sort=status,-date").sort == (
        SortKey("ix.status"),
        SortKey("ix.date.l", descending=True),
        SortKey("_id", descending=True),
    )
    assert searching.plan("Observation?_sort=-_id,date").sort == (SortKey("_id", descending=True),)
    assert searching.plan("Patient?_sort=name").sort[0].many


def test_counts(searching):
    settings = Settings(count_default=5, count_limit=50)
    assert searching.plan("Patient", settings).limit == 5
    assert searching.plan("Patient?_count=500", settings).limit == 50
    assert searching.plan("Patient?_count=0", settings).count_only
    assert searching.plan("Patient?_summary=count", settings).count_only


def test_a_chain_begins_at_what_few_match(searching):
    (join,) = searching.plan("Observation?patient.identifier=s|1").joins
    assert (join.resource_type, join.driving, join.few) == ("Patient", True, True)
    (join,) = searching.plan("Observation?patient.gender=male").joins
    assert not join.driving
    (join,) = searching.plan("Observation?encounter=1&patient.identifier=s|1").joins
    assert not join.driving
    (join,) = searching.plan("Appointment?patient.identifier=s|1").joins
    assert (join.driving, join.few) == (True, False)


def test_includes(searching):
    plan = searching.plan("Task?_include=Task:focus:ServiceRequest&_revinclude=Provenance:target")
    assert plan.includes == (
        Include("Task", "ix.focus", "ServiceRequest", forward=True),
        Include("Provenance", "ix.target", None, forward=False),
    )


def test_a_page_token_carries_the_query_and_shows_nothing(searching):
    query = searching.query("Patient?identifier=nik|3174000000000001&_sort=-birthdate")
    token = cursor.seal(query, (12345, "p1"), KEY)
    again = cursor.unseal(token, "Patient", KEY, searching.parameters)
    assert again.used == query.used
    assert again.after == (12345, "p1")
    assert "3174" not in token
    assert cursor.seal(query, (12345, "p1"), KEY) != token


def test_a_changed_page_token_is_refused(searching):
    token = cursor.seal(searching.query("Patient?gender=male"), ("p1",), KEY)
    for at in range(0, len(token), 7):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(BadRequest):
            cursor.unseal(changed, "Patient", KEY, searching.parameters)
    for changed in ("", "x", token[:-1], token + "A", "é"):
        with pytest.raises(BadRequest):
            cursor.unseal(changed, "Patient", KEY, searching.parameters)
    with pytest.raises(BadRequest):
        cursor.unseal(token, "Observation", KEY, searching.parameters)
    with pytest.raises(BadRequest):
        cursor.unseal(token, "Patient", cursor.key("other"), searching.parameters)


def test_every_sort_value_survives_a_token(searching):
    last = (None, 1.5, float("-inf"), "x", datetime(2024, 1, 2, 3, 4, 5, 678000, UTC))
    token = cursor.seal(searching.query("Patient"), last, KEY)
    assert cursor.unseal(token, "Patient", KEY, searching.parameters).after == last
