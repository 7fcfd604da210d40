"""Tokens: four ways to ask, and none finds more or less than it says."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search.terms import LoadedTerms
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


@pytest.mark.parametrize("name", ["code:in", "code:of-type", "code:x", "status:text"])
def test_modifiers_not_supported_say_so(searching, name):
    with pytest.raises(NotSupported):
        found(searching, name, "x", {"resourceType": "Observation"})


def test_two_bars_are_refused(searching):
    with pytest.raises(BadRequest):
        found(searching, "code", "a|b|c", {"resourceType": "Observation"})


def test_the_words_of_a_code_are_found_by_text(searching):
    coding = [{"code": "x", "display": "Nyeri kepala"}]
    document = {"resourceType": "Observation", "code": {"text": "Pusing", "coding": coding}}
    assert found(searching, "code:text", "PUSING", document)
    assert found(searching, "code:text", "nyeri", document)
    assert not found(searching, "code:text", "kepala", document)


def test_a_typed_identifier_is_found_by_its_type(searching):
    kind = {"coding": [{"system": "http://t", "code": "MR"}]}
    document = {"resourceType": "Patient", "identifier": [{"type": kind, "value": "7"}]}
    assert found(searching, "identifier:of-type", "http://t|MR|7", document)
    assert not found(searching, "identifier:of-type", "http://t|MR|8", document)
    with pytest.raises(BadRequest, match="of-type"):
        found(searching, "identifier:of-type", "MR|7", document)


class _Loaded:
    def members(self, _url):
        return frozenset({("http://a", "x"), ("http://a", "y")})

    def descendants(self, _system, code):
        return {"x": frozenset({"x1"})}.get(code)

    def ancestors(self, _system, code):
        return {"x1": frozenset({"x"})}.get(code)


@pytest.mark.parametrize(
    ("query", "code", "expected"),
    [
        ("code:in=http://set", "x", True),
        ("code:in=http://set", "z", False),
        ("code:not-in=http://set", "z", True),
        ("code:not-in=http://set", "x", False),
        ("code:below=http://a|x", "x1", True),
        ("code:below=http://a|x", "x", True),
        ("code:below=http://a|x", "y", False),
        ("code:above=http://a|x1", "x", True),
        ("code:above=http://a|x1", "x1", True),
        ("code:above=http://a|x1", "x2", False),
    ],
)
def test_codes_are_asked_by_what_is_loaded(monkeypatch, searching, query, code, expected):
    place = replace(searching.parameters.place, terms=LoadedTerms(_Loaded))
    monkeypatch.setattr(searching.parameters, "place", place)
    coding = [{"system": "http://a", "code": code}]
    document = {"resourceType": "Observation", "code": {"coding": coding}}
    assert found(searching, *query.split("="), document) == expected


def test_a_code_without_a_hierarchy_is_refused(monkeypatch, searching):
    place = replace(searching.parameters.place, terms=LoadedTerms(_Loaded))
    monkeypatch.setattr(searching.parameters, "place", place)
    with pytest.raises(NotSupported, match="hierarchy"):
        searching.plan("Observation?code:below=http://a|unknown")
    with pytest.raises(BadRequest, match="system"):
        searching.plan("Observation?code:below=x")
