"""Tokens: four ways to ask, and none finds more or less than it says."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.errors import BadRequest, NotSupported
from tests.search.matching import is_match

SYSTEMS = st.sampled_from([None, "http://a", "http://a/b", "urn:x|y", "http://a|1"])
CODES = st.sampled_from([None, "a", "b", "a|b", "A", "1-2", "b\\", "x,y", "$"])
CODED = st.tuples(SYSTEMS, CODES).filter(any)


def escaped(text):
    for mark in "\\,|$":
        text = text.replace(mark, "\\" + mark)
    return text


def identifier(pairs):
    rows = [{"system": system, "value": value} for system, value in pairs]
    rows = [{key: value for key, value in row.items() if value is not None} for row in rows]
    return {"resourceType": "Patient", "identifier": rows}


def found(searching, name, value, document):
    url = f"{document['resourceType']}?{urlencode({name: value})}"
    return is_match(searching.plan(url).filter, {"ix": searching.index(document)})


@given(pairs=st.lists(CODED, max_size=3), asked=CODED)
def test_system_and_code(searching, pairs, asked):
    system, code = asked
    document = identifier(pairs)
    if code is None:
        value, expected = f"{escaped(system)}|", any(each == system for each, _ in pairs)
    elif system is None:
        value, expected = f"|{escaped(code)}", (None, code) in pairs
    else:
        value, expected = f"{escaped(system)}|{escaped(code)}", asked in pairs
    assert found(searching, "identifier", value, document) == expected


@given(pairs=st.lists(CODED, max_size=3), code=CODES.filter(bool))
def test_code_alone_is_of_any_system(searching, pairs, code):
    expected = any(each == code for _, each in pairs)
    assert found(searching, "identifier", escaped(code), identifier(pairs)) == expected


@given(pairs=st.lists(CODED, max_size=3), code=CODES.filter(bool))
def test_not_is_the_rest_also_without_a_value(searching, pairs, code):
    document = identifier(pairs)
    was = found(searching, "identifier", escaped(code), document)
    assert found(searching, "identifier:not", escaped(code), document) != was


@given(
    pairs=st.lists(CODED, max_size=3), codes=st.lists(CODES.filter(bool), min_size=1, max_size=3)
)
def test_a_comma_is_or(searching, pairs, codes):
    document = identifier(pairs)
    value = ",".join(escaped(code) for code in codes)
    expected = any(found(searching, "identifier", escaped(code), document) for code in codes)
    assert found(searching, "identifier", value, document) == expected
    assert found(searching, "identifier:not", value, document) != expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("female", True),
        ("http://hl7.org/fhir/administrative-gender|female", True),
        ("http://else.example|female", False),
        ("|female", True),
        ("http://hl7.org/fhir/administrative-gender|", True),
        ("Female", False),
    ],
)
def test_a_code_has_the_system_of_its_element(searching, value, expected):
    document = {"resourceType": "Patient", "gender": "female"}
    assert found(searching, "gender", value, document) == expected


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False)])
def test_missing(searching, value, expected):
    assert found(searching, "gender:missing", value, {"resourceType": "Patient"}) == expected
    document = {"resourceType": "Patient", "gender": "female"}
    assert found(searching, "gender:missing", value, document) != expected


def test_telephone_numbers_are_tokens_without_system(searching):
    document = {"resourceType": "Patient", "telecom": [{"system": "phone", "value": "0812"}]}
    assert found(searching, "phone", "0812", document)
    assert not found(searching, "email", "0812", document)


def test_codings_of_a_concept_are_each_found(searching):
    coding = [{"system": "http://a", "code": "x"}, {"code": "y"}]
    document = {"resourceType": "Observation", "code": {"coding": coding}}
    assert found(searching, "code", "http://a|x", document)
    assert found(searching, "code", "|y", document)
    assert not found(searching, "code", "http://a|y", document)


@pytest.mark.parametrize("name", ["code:text", "code:in", "code:above", "code:of-type", "code:x"])
def test_modifiers_not_supported_say_so(searching, name):
    with pytest.raises(NotSupported):
        found(searching, name, "x", {"resourceType": "Observation"})


def test_two_bars_are_refused(searching):
    with pytest.raises(BadRequest):
        found(searching, "code", "a|b|c", {"resourceType": "Observation"})
