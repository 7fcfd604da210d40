"""Terminology without a server: what belongs, what is above what, what cannot be known."""

import pytest

from fhir_server.errors import FhirError, NotFound, NotSupported
from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.terminology import Terminology, Wanted, bundled
from fhir_server.resources.terminology.concepts import Listed
from fhir_server.resources.terminology.patterns import fits, pattern
from fhir_server.resources.terminology.valuesets import value_set as read
from fhir_server.resources.terminology.words import words
from tests.operations.terminology.invented import ANIMALS, HEWAN, NOWHERE, PETS, filtered, value_set

ALL = ["animal", "cat", "persian", "hen", "dodo", "toy"]
CASES = [
    ([{"system": ANIMALS}], [], ALL),
    ([{"system": ANIMALS, "concept": [{"code": "hen"}, {"code": "cat"}]}], [], ["hen", "cat"]),
    ([filtered("is-a", "cat")], [], ["cat", "persian", "toy"]),
    ([filtered("descendent-of", "cat")], [], ["persian", "toy"]),
    ([filtered("is-not-a", "cat")], [], ["animal", "hen", "dodo"]),
    ([filtered("generalizes", "persian")], [], ["animal", "cat", "persian"]),
    ([filtered("=", "4", "legs")], [], ["cat"]),
    ([filtered("=", "persian", "parent")], [], ["toy"]),
    ([filtered("=", "persian", "child")], [], ["cat"]),
    ([filtered("=", "Hen", "display")], [], ["hen"]),
    ([filtered("in", "hen, dodo")], [], ["hen", "dodo"]),
    ([filtered("not-in", "hen,dodo,animal")], [], ["cat", "persian", "toy"]),
    ([filtered("exists", "true", "legs")], [], ["cat", "hen"]),
    ([filtered("exists", "false", "legs")], [], ["animal", "persian", "dodo", "toy"]),
    ([filtered("regex", "[a-d].*", "code")], [], ["animal", "cat", "dodo"]),
    ([filtered("regex", ".*cat", "display")], [], ["cat", "persian", "toy"]),
    ([{"system": ANIMALS}], [filtered("is-a", "cat")], ["animal", "hen", "dodo"]),
    (
        [filtered("is-a", "cat"), filtered("is-a", "animal")],
        [],
        ["cat", "persian", "toy", "animal", "hen", "dodo"],
    ),
    ([filtered("is-a", "unicorn")], [], []),
    ([{"system": NOWHERE, "concept": [{"code": "x", "display": "X"}]}], [], ["x"]),
]


class Shelf:
    """Documents in memory as a source."""

    def __init__(self, *documents):
        self._documents = {(each["resourceType"], each["url"]): each for each in documents}

    def code_system(self, url, version=None):
        found = self.find("CodeSystem", url, version)
        return Listed(found) if found else None

    def find(self, kind, url, version=None):
        found = self._documents.get((kind, url))
        return found if found and version in {None, found.get("version")} else None

    def concept_maps(self):
        return [each for (kind, _), each in self._documents.items() if kind == "ConceptMap"]


def view(*documents):
    return Terminology(Shelf(HEWAN, *documents))


def codes(terms, document, **wanted):
    return [row.concept.code for row in terms.expand(read(document), Wanted(**wanted)).rows]


@pytest.mark.parametrize(("include", "exclude", "expected"), CASES)
def test_a_value_set_lists_its_codes(include, exclude, expected):
    assert codes(view(), value_set(*include, exclude=exclude)) == expected


@pytest.mark.parametrize(("include", "exclude", "expected"), CASES)
def test_belonging_agrees_with_the_list(include, exclude, expected):
    terms, asked = view(), read(value_set(*include, exclude=exclude))
    system = include[0]["system"]

    for code in [*ALL, "x", "unicorn"]:
        assert terms.is_in(asked, {"system": system, "code": code}) is (code in expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat", ["cat", "persian", "toy"]),
        ("KUC", ["cat", "persian"]),
        ("rumah kuc", ["cat"]),
        ("kucing omah", ["cat"]),
        ("pers", ["persian"]),
        ("ersian", []),
        ("cat dog", []),
        ("Kúcing", ["cat", "persian"]),
        (".*", ALL),
        ("(((((", ALL),
    ],
)
def test_a_filter_finds_words_in_every_language(text, expected):
    assert codes(view(), value_set({"system": ANIMALS}), asked=words(text)) == expected


def test_unknown_is_neither_yes_nor_no():
    terms = view(value_set({"system": NOWHERE}))
    coding = {"system": NOWHERE, "code": "x"}

    assert terms.member(PETS, coding) is None
    assert terms.member("https://example.org/ValueSet/none", coding) is None
    assert terms.known(NOWHERE, "x") is None
    assert terms.subsumes(NOWHERE, "x", "x") is None
    assert terms.descendants(NOWHERE, "x") is None
    assert terms.member(PETS, {"system": ANIMALS, "code": "cat"}) is False
    assert set(terms.missing) == {NOWHERE, "https://example.org/ValueSet/none"}


def test_one_yes_is_enough_though_the_rest_is_unknown():
    terms = view(value_set({"system": NOWHERE}, {"valueSet": [NOWHERE]}, filtered("is-a", "cat")))

    assert terms.member(PETS, {"system": ANIMALS, "code": "cat"}) is True
    assert terms.member(PETS, {"system": ANIMALS, "code": "hen"}) is None


def test_what_may_be_excluded_is_unknown():
    unknown = value_set({"system": ANIMALS}, exclude=[{"valueSet": [NOWHERE]}])

    assert view(unknown).member(PETS, {"system": ANIMALS, "code": "cat"}) is None
    with pytest.raises(FhirError):
        codes(view(), unknown)


def test_another_version_is_unknown():
    terms = view(value_set({"system": ANIMALS, "version": "2"}))

    assert terms.member(PETS, {"system": ANIMALS, "code": "cat"}) is None
    assert view().known(ANIMALS, "cat", "2") is None
    assert view(value_set({"system": ANIMALS})).member(f"{PETS}|9", {"code": "cat"}) is None


@pytest.mark.parametrize("wrong", [{}, {"system": ANIMALS}, {"system": ANIMALS, "code": ""}])
def test_what_has_no_code_is_in_nothing(wrong):
    assert view(value_set({"system": ANIMALS})).member(PETS, wrong) is False


def test_a_list_past_its_limit_is_refused():
    everything = value_set({"system": ANIMALS})
    with pytest.raises(FhirError) as refused:
        codes(view(), everything, limit=5)
    assert refused.value.code == "too-costly"
    assert codes(view(), everything, limit=6) == ALL
    page = view().expand(read(everything), Wanted(count=2, limit=5))
    assert (len(page.rows), page.total) == (2, None)
    with pytest.raises(FhirError):
        codes(view(), everything, offset=4, count=2, limit=5)


def test_a_value_set_implied_by_its_url():
    sct = HEWAN | {"url": "http://snomed.info/sct"}
    terms = view(sct)
    coding = {"system": "http://snomed.info/sct", "code": "persian"}

    assert terms.member("http://snomed.info/sct?fhir_vs", coding) is True
    assert terms.member("http://snomed.info/sct?fhir_vs=isa/cat", coding) is True
    assert terms.member("http://snomed.info/sct?fhir_vs=isa/hen", coding) is False
    assert terms.member("http://snomed.info/sct?fhir_vs=refset/1", coding) is None
    assert terms.member("http://loinc.org/vs", {"system": "http://loinc.org", "code": "x"}) is None


@pytest.mark.parametrize(
    "text", ["[A-Z]{3}", r"\d+(\.\d+)?", "(ab){2,5}c", ".*x.*", "(?i)abc", "a++b"]
)
def test_a_plain_pattern_is_used(text):
    assert pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        "(a+)+b",
        "(a|aa)*b",
        "(a*)*b",
        "a*a*a*a*b",
        "(a?){100}b",
        "a?" * 60 + "b",
        "(aa|aa)" * 30 + "b",
        "(?=x)y",
        r"(a)\1",
        "[",
        "x{99999999999}",
        "(" * 200,
        "a" * 501,
    ],
)
def test_a_pattern_that_could_take_for_ever_is_refused(text):
    with pytest.raises(NotSupported):
        fits(text, "a" * 100)


def test_every_code_of_a_required_binding_belongs_to_it():
    terms = Terminology(bundled())

    for url, by_system in load_definitions().value_sets.items():
        for system, listed in by_system.items():
            for code in listed:
                assert terms.member(url, {"system": system, "code": code}), (url, code)
        assert terms.member(url, {"system": system, "code": "no such code"}) is False


def test_what_belongs_is_what_is_listed_in_all_of_r4():
    terms = Terminology(bundled())
    read_sets = expanded = 0
    for url in bundled().urls("ValueSet"):
        read_sets += 1
        try:
            listed = terms.members(url)
        except NotFound:
            continue
        expanded += 1
        for system, code in list(listed)[:20]:
            assert terms.member(url, {"system": system, "code": code}) is True, (url, code)
    assert read_sets > 1300
    assert expanded > 1200
