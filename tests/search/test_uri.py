"""A uri is asked letter for letter, by what goes on from it, or by what leads to it."""

from __future__ import annotations

import pytest

from tests.search.matching import is_match


def found(searching, url, document):
    return is_match(searching.plan(url).filter, {"ix": searching.index(document)})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("url=http://a.example/x/y", True),
        ("url=http://a.example/x", False),
        ("url:below=http://a.example/x", True),
        ("url:below=http://a.example/x/", True),
        ("url:below=http://a.example/x/y", True),
        ("url:below=http://a.example/x/y/z", False),
        ("url:below=http://a.exam", False),
        ("url:above=http://a.example/x/y/z", True),
        ("url:above=http://a.example/x/y", True),
        ("url:above=http://a.example/x", False),
    ],
)
def test_uris(searching, query, expected):
    document = {"resourceType": "ValueSet", "url": "http://a.example/x/y"}
    assert found(searching, f"ValueSet?{query}", document) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("questionnaire=http://a.example/q", True),
        ("questionnaire=http://a.example/q|1.2", True),
        ("questionnaire=http://a.example/q|1", False),
        ("questionnaire:below=http://a.example/q|1", True),
        ("questionnaire:below=http://a.example/q|1.2", True),
        ("questionnaire:below=http://a.example/q|2", False),
        ("questionnaire:below=http://a.example", True),
        ("questionnaire:above=http://a.example/q|1.2.3", True),
        ("questionnaire:above=http://a.example/q|1", False),
    ],
)
def test_canonicals_and_their_versions(searching, query, expected):
    canonical = "http://a.example/q|1.2"
    document = {"resourceType": "QuestionnaireResponse", "questionnaire": canonical}
    assert found(searching, f"QuestionnaireResponse?{query}", document) == expected
