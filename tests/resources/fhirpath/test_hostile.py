"""Expressions that were written to hurt: each ends soon, with an error that says why."""

import pytest

from fhir_server.resources.fhirpath import FhirPathError, Limits, TooCostly, compiled
from fhir_server.resources.fhirpath.limits import LIMITS, decide

PATIENT = {"resourceType": "Patient", "name": [{"given": ["a"] * 200, "text": "a" * 5000 + "!"}]}


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "1" + " + 1" * 4000,
        "name" + ".where(true" * 1500,
        "-" * 6000 + "1",
        "iif(true, " * 1000,
        "x" * 30_000,
        "a[" * 3000,
        " | ".join(["name"] * 4000),
    ],
    ids=lambda text: text[:12],
)
def test_what_is_too_long_or_too_deep_is_not_read(text):
    with pytest.raises(TooCostly):
        compiled(text)


def test_the_operator_decides_the_limits():
    decide(Limits(length=10))
    try:
        with pytest.raises(TooCostly):
            compiled("name.given.first()")
    finally:
        decide(LIMITS)
    assert compiled("name.given.first()").values(PATIENT) == ["a"]


def test_a_long_path_is_not_deep():
    assert compiled("name" + ".first()" * 2000).items(PATIENT)


@pytest.mark.parametrize(
    "expression",
    [
        "name.given.select(%resource.descendants().select(%resource.descendants()))",
        "name.given.repeat('a' & $this & %resource.name.given.count().toString())",
        "name.given.select(%resource.name.given.select(%resource.name.given)).count()",
        "name.given.aggregate($total.combine($total).combine($this), 1)",
    ],
)
def test_what_multiplies_is_stopped(expression):
    with pytest.raises(TooCostly):
        compiled(expression, Limits(steps=50_000)).items(PATIENT)


@pytest.mark.parametrize(
    "regex", ["(a+)+$", "^(a|a)*$", "(a|aa)+$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]$"]
)
def test_a_regular_expression_takes_time_linear_to_the_text(regex):
    assert compiled(f"name.text.matches('{regex}')").values(PATIENT) == [False]


@pytest.mark.parametrize(
    "regex", ["(?=a)a", "(a)\\\\1", "a" * 1001, "(", "(((a{100}){100}){100}){100}"]
)
def test_a_regular_expression_without_a_bound_is_refused(regex):
    with pytest.raises(FhirPathError):
        compiled(f"'a'.matches('{regex}')").values(PATIENT)


def test_comparing_large_elements_takes_no_more_than_the_time_there_is():
    large = PATIENT | {"extension": [{"url": f"u{n}", "valueString": "x"} for n in range(20_000)]}
    expression = compiled("descendants().where(%resource = %resource)", Limits(seconds=0.2))

    with pytest.raises(TooCostly):
        expression.items(large)


def test_strings_that_grow_step_by_step_are_stopped():
    with pytest.raises(TooCostly):
        compiled("name.given.repeat($this & 'aaaaaaaaaaaaaaaa')").items(PATIENT)


def test_a_string_does_not_grow_without_end():
    doubled = "$total.replace('a', 'aaaaaaaaaaaaaaaa')"
    with pytest.raises(TooCostly):
        compiled(f"name.given.aggregate({doubled}, 'a')").values(PATIENT)


@pytest.mark.parametrize(
    "expression", ["10.power(100000)", "9.power(9).power(9)", "2.power(0.5).power(99999)", "0.ln()"]
)
def test_a_number_that_is_too_large_is_no_number(expression):
    assert compiled(expression).values(PATIENT) == []


def test_a_resource_may_hold_anything():
    odd = {
        "resourceType": "Patient",
        "name": "x",
        "birthDate": 5,
        "active": {"a": [None]},
        "_id": 1,
    }

    everything = compiled("name.given | birthDate | active | id | descendants()").values(odd)
    counted = compiled("children().children().count() + descendants().count()").values(odd)

    assert everything == ["x", 5, {"a": [None]}, None]
    assert counted == [4]


@pytest.mark.parametrize(
    ("expression", "same"),
    [("{0} ~ {0}", True), ("{0} ~ {0}1", False), ("{0} !~ 1", True), ("{0}.5 ~ {0}.5", True)],
)
def test_numbers_of_any_length_are_compared(expression, same):
    assert compiled(expression.format("9" * 400)).values(PATIENT) == [same]
