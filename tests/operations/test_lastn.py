"""Observation/$lastn: the last of each code of one patient; ties and equal codes as R4 says."""

import pytest

A = {"system": "https://codes.example", "code": "a"}
B = {"system": "https://codes.example", "code": "b"}
C = {"system": "https://codes.example", "code": "c"}
WHEN = "2024-01-{:02d}T08:00:00Z"


@pytest.fixture
def observe(fhir):
    """Store an observation of a day of January 2024 with some codings, or a text."""
    known = iter(range(1000))

    def put(day, *codings, text=None, who="siti", **elements):
        code = {"coding": list(codings)} if codings else {"text": text}
        identity = f"o{next(known)}"
        document = {
            "resourceType": "Observation",
            "id": identity,
            "status": "final",
            "code": code,
            "subject": {"reference": f"Patient/{who}"},
            **({"effectiveDateTime": WHEN.format(day)} if day else {}),
            **elements,
        }
        fhir.kept(f"Observation/{identity}", document)
        return f"Observation/{identity}"

    return put


def test_the_last_of_each_code_newest_first(fhir, ids, observe):
    observe(1, A)
    b = observe(2, B)
    a = observe(3, A)
    observe(4, A, who="budi")

    bundle = fhir.read("Observation/$lastn?patient=siti")

    assert ids(bundle) == [a, b]
    assert bundle["total"] == 2


def test_max_of_them_and_all_of_one_moment(fhir, ids, observe):
    observe(1, A)
    tie, other = observe(2, A), observe(2, A)
    last = observe(3, A)

    found = ids(fhir.read("Observation/$lastn?subject=Patient/siti&max=2"))

    assert found[0] == last
    assert sorted(found[1:]) == sorted([tie, other])


def test_codes_that_a_third_observation_joins_are_one(fhir, ids, observe):
    observe(1, A)
    observe(2, B)
    both = observe(3, A, B)
    c = observe(4, C)

    assert ids(fhir.read("Observation/$lastn?patient=siti")) == [c, both]


def test_texts_are_told_apart_letter_by_letter(fhir, ids, observe):
    observe(1, text="Suhu")
    upper, lower = observe(2, text="Suhu"), observe(3, text="suhu")

    assert ids(fhir.read("Observation/$lastn?patient=siti")) == [lower, upper]


def test_what_has_no_date_is_the_oldest(fhir, ids, observe):
    undated = observe(None, A)
    dated = observe(1, A)

    assert ids(fhir.read("Observation/$lastn?patient=siti")) == [dated]
    assert ids(fhir.read("Observation/$lastn?patient=siti&max=2")) == [dated, undated]


def test_search_parameters_narrow_it_by_get_and_by_post(fhir, ids, observe):
    a = observe(1, A)
    observe(2, B)
    asked = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "patient", "valueString": "Patient/siti"},
            {"name": "code", "valueString": "a"},
            {"name": "max", "valuePositiveInt": 3},
        ],
    }

    assert ids(fhir.read("Observation/$lastn?patient=siti&code=a")) == [a]
    assert ids(fhir("POST", "Observation/$lastn", asked).json) == [a]


def test_nothing_found_is_an_empty_searchset(fhir):
    bundle = fhir.read("Observation/$lastn?patient=nobody")

    assert (bundle["total"], bundle.get("entry")) == (0, None)


@pytest.mark.parametrize(
    "query", ["", "code=a", "patient=siti&max=0", "patient=siti&_sort=date", "patient=1&x=2"]
)
def test_what_it_does_not_take_is_said(fhir, query):
    assert fhir("GET", f"Observation/$lastn?{query}").status == 400
