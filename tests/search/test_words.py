"""Texts are found by their words, where the operator has turned that on."""

from __future__ import annotations

import pytest

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.resources.definitions import load_definitions
from fhir_server.search.parameters import load_parameters
from tests.search.matching import is_match
from tests.support.searching import Searching

DOCUMENT = {
    "resourceType": "Observation",
    "text": {"status": "generated", "div": "<div>Nyeri <b>kepala</b> &amp; demam</div>"},
    "note": [{"text": "Pasien rujukan José"}],
}


@pytest.fixture(scope="module")
def worded():
    return Searching(load_parameters(load_definitions(), words=True))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("_text=demam", True),
        ("_text=KEPALA nyeri", True),
        ("_text=kepala pusing", False),
        ("_text=pusing,demam", True),
        ("_text=rujukan", False),
        ("_text=div", False),
        ("_content=rujukan", True),
        ("_content=jose kepala", True),
        ("_content=observation", False),
        ("_text:missing=false", True),
    ],
)
def test_words(worded, query, expected):
    plan = worded.plan(f"Observation?{query}")
    assert is_match(plan.filter, {"ix": worded.index(DOCUMENT)}) == expected


def test_what_has_no_word_is_refused(worded):
    with pytest.raises(BadRequest):
        worded.plan("Observation?_text=--")
    with pytest.raises(NotSupported):
        worded.plan("Observation?_text:exact=x")


def test_without_the_setting_nothing_is_written_and_the_search_says_so(searching):
    assert "_text" not in searching.index(DOCUMENT)
    with pytest.raises(NotSupported, match="FHIR_TEXT_SEARCH"):
        searching.plan("Observation?_content=x")
