"""Strings: case, accents and titles do not count; a range finds what begins so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search.string import TITLES, fold, fold_name
from tests.search.matching import is_match

WORDS = st.text("abAB éÉ.z'", min_size=1, max_size=6).filter(fold)


def found(searching, url, document):
    return is_match(searching.plan(url).filter, {"ix": searching.index(document)})


def city(*cities):
    return {"resourceType": "Patient", "address": [{"city": each} for each in cities]}


def person(text):
    return {"resourceType": "Patient", "name": [{"text": text}]}


@given(cities=st.lists(WORDS, max_size=3), asked=WORDS)
def test_a_plain_search_finds_what_begins_so(searching, cities, asked):
    expected = any(fold(each).startswith(fold(asked)) for each in cities)
    assert found(searching, f"Patient?address-city={asked}", city(*cities)) == expected


@given(cities=st.lists(WORDS, max_size=3), asked=WORDS)
def test_contains_finds_parts(searching, cities, asked):
    expected = any(fold(asked) in fold(each) for each in cities)
    assert found(searching, f"Patient?address-city:contains={asked}", city(*cities)) == expected


@given(cities=st.lists(WORDS, max_size=3), asked=WORDS)
def test_exact_finds_the_same_letters(searching, cities, asked):
    expected = asked in cities
    assert found(searching, f"Patient?address-city:exact={asked}", city(*cities)) == expected


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Ny. Siti Aminah", "siti"),
        ("Siti Aminah", "Ny. Siti"),
        ("By. Ny. Siti", "siti"),
        ("dr. Budi Santoso, Sp.A", "Dr Budi"),
        ("Siti Aminah", "aminah"),
        ("José", "jose"),
        ("Ny. Siti", "SITI"),
        ("Tn. H. Achmad", "achmad"),
    ],
)
def test_titles_case_and_accents_do_not_count_in_names(searching, written, asked):
    assert found(searching, f"Patient?name={asked}", person(written))


def test_a_name_that_is_only_a_title_is_kept():
    assert fold_name("An") == "an"
    assert all(fold_name(f"{title} siti") == "siti" for title in TITLES)


def test_exact_of_a_name_is_the_name_as_written(searching):
    assert found(searching, "Patient?name:exact=Ny. Siti", person("Ny. Siti"))
    assert not found(searching, "Patient?name:exact=ny. Siti", person("Ny. Siti"))


def test_contains_takes_no_pattern(searching):
    assert not found(searching, "Patient?name:contains=s.*i", person("siti"))
    assert found(searching, "Patient?name:contains=(si", person("a (siti)"))


def test_a_value_of_nothing_but_points_is_refused(searching):
    with pytest.raises(BadRequest):
        searching.plan("Patient?name=...")


def test_unknown_modifiers_are_refused(searching):
    with pytest.raises(NotSupported, match=":exact"):
        searching.plan("Patient?name:text=x")


def test_a_text_or_a_concept_s_words(searching):
    document = {"resourceType": "Observation", "valueCodeableConcept": {"text": "Kuning"}}
    assert found(searching, "Observation?value-string=kun", document)
    document = {"resourceType": "Observation", "valueString": "Kuning"}
    assert found(searching, "Observation?value-string:exact=Kuning", document)
    assert not found(searching, "Observation?value-string:exact=kuning", document)
    document["code"] = {"coding": [{"code": "x"}]}
    assert found(searching, "Observation?code-value-string=x$kun", document)
