"""Composites: both parts in one element, or it is not found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.errors import BadRequest
from tests.search.matching import is_match

PART = st.tuples(st.sampled_from("ab"), st.integers(1, 4))


def observation(own, components):
    document = {"resourceType": "Observation", "component": [part(*each) for each in components]}
    return {**document, **(part(*own) if own else {})}


def part(code, value):
    return {
        "code": {"coding": [{"system": "http://c", "code": code}]},
        "valueQuantity": {"value": value, "unit": "mm"},
    }


def found(searching, url, document):
    return is_match(searching.plan(url).filter, {"ix": searching.index(document)})


@given(own=st.none() | PART, components=st.lists(PART, max_size=3), asked=PART)
def test_pairs_within_one_element(searching, own, components, asked):
    document = observation(own, components)
    value = f"http://c|{asked[0]}${asked[1]}||mm"
    by_component = found(searching, f"Observation?component-code-value-quantity={value}", document)
    by_root = found(searching, f"Observation?code-value-quantity={value}", document)
    by_either = found(searching, f"Observation?combo-code-value-quantity={value}", document)
    assert by_component == (asked in components)
    assert by_root == (asked == own)
    assert by_either == (by_component or by_root)


@given(own=st.none() | PART, components=st.lists(PART, max_size=2))
def test_missing(searching, own, components):
    document = observation(own, components)
    missing = found(searching, "Observation?combo-code-value-quantity:missing=true", document)
    present = found(searching, "Observation?combo-code-value-quantity:missing=false", document)
    assert missing == (not own and not components)
    assert present != missing


def test_codes_without_a_system_of_their_own(searching):
    related = [{"code": "replaces", "target": {"reference": "DocumentReference/1"}}]
    document = {"resourceType": "DocumentReference", "relatesTo": related}
    system = "http://hl7.org/fhir/document-relationship-type"
    for code in ("replaces", f"{system}|replaces"):
        assert found(
            searching, f"DocumentReference?relationship={code}$DocumentReference/1", document
        )
    assert not found(
        searching, "DocumentReference?relationship=appends$DocumentReference/1", document
    )


def test_parts_taken_from_the_whole_resource(searching):
    document = {
        "resourceType": "MolecularSequence",
        "referenceSeq": {"chromosome": {"coding": [{"code": "2"}]}},
        "variant": [{"start": 10, "end": 20}, {"start": 30, "end": 40}],
    }
    name = "MolecularSequence?chromosome-variant-coordinate"
    assert found(searching, f"{name}=2$lt15$gt15", document)
    assert not found(searching, f"{name}=2$10$40", document)


@pytest.mark.parametrize("value", ["a", "a$1$2", "$1", "a$"])
def test_a_part_left_out_is_refused(searching, value):
    with pytest.raises(BadRequest, match="combo-code"):
        searching.plan(f"Observation?combo-code-value-quantity={value}")
