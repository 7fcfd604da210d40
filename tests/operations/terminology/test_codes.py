"""$validate-code, $lookup, $subsumes: what is known, and what is unknown."""

import pytest

from fhir_server.store.mongo import connect
from tests.operations.terminology.invented import (
    ANIMALS,
    HEWAN,
    NOWHERE,
    PETS,
    filtered,
    parameters,
    value_set,
    values,
)

LOINC = "http://loinc.org"


@pytest.fixture
def pets(animals):
    cats = value_set(filtered("is-a", "cat"), id="pets")
    animals.fhir.kept("ValueSet/pets", cats)
    return animals


def judged(asking, path, body):
    said = asking.fhir("POST", path, body)
    assert said.status == 200, said.json
    return values(said.json)


MEMBERS = [
    ({"system": ANIMALS, "code": "cat"}, True),
    ({"system": ANIMALS, "code": "toy"}, True),
    ({"system": ANIMALS, "code": "hen"}, False),
    ({"system": ANIMALS, "code": "Cat"}, False),
    ({"system": ANIMALS, "code": "unicorn"}, False),
    ({"system": NOWHERE, "code": "cat"}, False),
    ({"code": "cat"}, True),
    ({"code": "hen"}, False),
    ({"system": ANIMALS, "code": "cat", "systemVersion": "1"}, True),
    ({"system": ANIMALS, "code": "cat", "display": "domestic  CAT"}, True),
    ({"system": ANIMALS, "code": "cat", "display": "Kucing omah"}, True),
    ({"system": ANIMALS, "code": "cat", "display": "Dog"}, False),
]


def test_a_code_is_in_a_value_set_or_not(pets):
    for query, result in MEMBERS:
        by_url = pets.told("ValueSet/$validate-code", url=PETS, **query)
        by_id = pets.told("ValueSet/pets/$validate-code", **query)

        assert by_url["result"] is result
        assert by_id == by_url
        assert ("message" in by_url) is not result


def test_the_right_display_is_told(pets):
    query = {"url": PETS, "system": ANIMALS, "code": "cat", "display": "Dog"}

    told = pets.told("ValueSet/$validate-code", displayLanguage="id", **query)

    assert told["display"] == "Kucing rumah"
    assert '"Domestic cat"' in told["message"]


def test_one_coding_of_a_concept_is_enough(pets):
    hen, cat = ({"system": ANIMALS, "code": code} for code in ("hen", "cat"))

    for codings, result in (([hen, cat], True), ([hen], False)):
        body = parameters(
            url__valueUri=PETS, codeableConcept__valueCodeableConcept={"coding": codings}
        )
        assert judged(pets, "ValueSet/$validate-code", body)["result"] is result
    body = parameters(url__valueUri=PETS, coding__valueCoding=cat)
    assert judged(pets, "ValueSet/$validate-code", body)["result"] is True


def test_an_abstract_code_is_right_unless_it_may_not_be(animals):
    sent = value_set({"system": ANIMALS})
    for abstract, result in ((True, True), (False, False), (None, True)):
        given = {} if abstract is None else {"abstract__valueBoolean": abstract}
        body = parameters(
            valueSet__resource=sent, system__valueUri=ANIMALS, code__valueCode="animal", **given
        )
        assert judged(animals, "ValueSet/$validate-code", body)["result"] is result


def test_what_is_not_loaded_is_unknown_never_valid(asking):
    url = "http://hl7.org/fhir/ValueSet/observation-codes"

    told = asking.told("ValueSet/$validate-code", url=url, system=LOINC, code="8480-6")

    assert told["result"] is False
    assert "unknown" in told["message"]
    assert LOINC in told["message"]
    assert told["issues"]["issue"][0]["code"] == "not-found"
    told = asking.told("CodeSystem/$validate-code", url=LOINC, code="8480-6")
    assert told["result"] is False
    assert told["issues"]["issue"][0]["code"] == "not-found"


def test_a_code_that_is_wrong_has_another_issue_than_one_that_is_unknown(pets):
    told = pets.told("ValueSet/$validate-code", url=PETS, system=ANIMALS, code="hen")

    assert told["issues"]["issue"][0]["code"] == "code-invalid"


def test_a_listed_code_needs_no_code_system(asking):
    listed = value_set({"system": LOINC, "concept": [{"code": "8480-6"}]})
    for code, result in (("8480-6", True), ("8462-4", False)):
        body = parameters(valueSet__resource=listed, system__valueUri=LOINC, code__valueCode=code)
        assert judged(asking, "ValueSet/$validate-code", body)["result"] is result


def test_a_fragment_knows_what_it_has_and_not_what_it_lacks(animals):
    animals.fhir.kept(
        "CodeSystem/part", HEWAN | {"id": "part", "url": NOWHERE, "content": "fragment"}
    )

    known = animals.told("CodeSystem/$validate-code", url=NOWHERE, code="cat")
    lacking = animals.told("CodeSystem/$validate-code", url=NOWHERE, code="unicorn")

    assert known["result"] is True
    assert lacking["issues"]["issue"][0]["code"] == "not-found"


def test_a_value_set_nobody_knows_is_not_found(asking):
    said = asking.fhir("GET", f"ValueSet/$validate-code?url={NOWHERE}&code=x")

    assert (said.status, said.issues[0]["code"]) == (404, "not-found")


CODES = [
    ({"code": "cat"}, True),
    ({"code": "unicorn"}, False),
    ({"code": "cat", "display": "Hen"}, False),
    ({"code": "cat", "version": "1"}, True),
    ({"code": "cat", "version": "2"}, False),
]


def test_a_code_is_one_of_its_code_system_or_not(animals):
    for query, result in CODES:
        assert animals.told("CodeSystem/$validate-code", url=ANIMALS, **query)["result"] is result
        by_id = animals.told("CodeSystem/hewan/$validate-code", **query)
        assert by_id["result"] is (result or query.get("version") == "2")


def test_where_case_does_not_matter_it_does_not(animals):
    animals.fhir.kept("CodeSystem/hewan", HEWAN | {"id": "hewan", "caseSensitive": False})

    assert animals.told("CodeSystem/$validate-code", url=ANIMALS, code="CAT")["result"] is True
    sent = value_set({"system": ANIMALS, "concept": [{"code": "cat"}]})
    body = parameters(valueSet__resource=sent, system__valueUri=ANIMALS, code__valueCode="CAT")
    assert judged(animals, "ValueSet/$validate-code", body)["result"] is True


def test_a_concept_is_looked_up(animals):
    told = animals.told("CodeSystem/$lookup", system=ANIMALS, code="cat")

    assert (told["name"], told["version"], told["display"]) == (
        "Hewan di sekitar rumah",
        "1",
        "Domestic cat",
    )
    assert {"language": "id", "value": "Kucing rumah"} in told["designation"]
    properties = {each["code"]: each["value"] for each in told["property"]}
    assert properties == {
        "definition": "A small carnivore.",
        "inactive": False,
        "parent": "animal",
        "child": "persian",
        "legs": 4,
    }


def test_only_the_properties_asked_for_are_given(animals):
    told = animals.told("CodeSystem/$lookup", system=ANIMALS, code="cat", property="parent")

    assert told["property"] == {"code": "parent", "value": "animal", "description": "Animal"}
    assert "designation" not in told
    assert (
        animals.told("CodeSystem/$lookup", system=ANIMALS, code="cat", displayLanguage="id")[
            "display"
        ]
        == "Kucing rumah"
    )


def test_what_cannot_be_looked_up_is_not_found(animals):
    for system, code in ((ANIMALS, "unicorn"), (NOWHERE, "cat"), (LOINC, "8480-6")):
        said = animals.fhir("GET", f"CodeSystem/$lookup?system={system}&code={code}")
        assert (said.status, said.issues[0]["code"]) == (404, "not-found")
    assert "not loaded" in said.issues[0]["diagnostics"]


OUTCOMES = [
    ("cat", "cat", "equivalent"),
    ("animal", "toy", "subsumes"),
    ("persian", "cat", "subsumed-by"),
    ("hen", "cat", "not-subsumed"),
]


def test_codes_are_compared(animals):
    for one, other, outcome in OUTCOMES:
        by_url = animals.told("CodeSystem/$subsumes", system=ANIMALS, codeA=one, codeB=other)
        by_id = animals.told("CodeSystem/hewan/$subsumes", codeA=one, codeB=other)
        codings = {
            f"coding{end}__valueCoding": {"system": ANIMALS, "code": code}
            for end, code in (("A", one), ("B", other))
        }

        assert by_url == by_id == {"outcome": outcome}
        assert judged(animals, "CodeSystem/$subsumes", parameters(**codings)) == {
            "outcome": outcome
        }


def test_what_cannot_be_compared_is_refused(animals):
    part_of = HEWAN | {"id": "parts", "url": NOWHERE, "hierarchyMeaning": "part-of"}
    animals.fhir.kept("CodeSystem/parts", part_of)
    for query, status in (
        (f"system={ANIMALS}&codeA=cat&codeB=unicorn", 404),
        (f"system={LOINC}&codeA=a&codeB=b", 404),
        (f"system={NOWHERE}&codeA=cat&codeB=hen", 400),
        (f"system={ANIMALS}&codeA=cat", 400),
        ("codeA=cat&codeB=hen", 400),
    ):
        assert animals.fhir("GET", f"CodeSystem/$subsumes?{query}").status == status
    other = parameters(
        codingA__valueCoding={"system": ANIMALS, "code": "cat"},
        codingB__valueCoding={"system": NOWHERE, "code": "cat"},
    )
    assert animals.fhir("POST", "CodeSystem/$subsumes", other).status == 400


NO_CODE = [
    {"coding__valueCoding": {"system": ANIMALS}},
    {"coding__valueCoding": {"system": 5, "code": "cat"}},
    {"coding__valueCoding": {"system": ANIMALS, "code": ["cat"]}},
    {"coding__valueCoding": {"code": "cat"}},
    {"codeableConcept__valueCodeableConcept": {"text": "cat"}},
    {"codeableConcept__valueCodeableConcept": {"coding": "cat"}},
    {"codeableConcept__valueCodeableConcept": {"coding": ["cat"]}},
    {"code__valueCode": "cat"},
    {"code__valueCode": "cat", "coding__valueCoding": {"system": ANIMALS, "code": "cat"}},
    {},
]


def test_what_names_no_code_is_refused(animals):
    for given in NO_CODE:
        said = animals.fhir("POST", "CodeSystem/$validate-code", parameters(**given))

        assert said.status == 400, said.json


def test_a_hierarchy_that_runs_in_a_circle_comes_to_an_end(animals):
    circle = [
        {"code": code, "property": [{"code": "parent", "valueCode": parent}]}
        for code, parent in (("a", "b"), ("b", "c"), ("c", "a"))
    ]
    animals.fhir.kept("CodeSystem/hewan", HEWAN | {"id": "hewan", "concept": circle})

    assert (
        animals.told("CodeSystem/$subsumes", system=ANIMALS, codeA="a", codeB="c")["outcome"]
        == "subsumes"
    )
    sent = value_set(filtered("is-a", "a"))
    assert len(animals.fhir("POST", "ValueSet/$expand", sent).json["expansion"]["contains"]) == 3


def test_what_another_process_has_stored_takes_part_at_once(animals, context, mongodb_uri):
    other = connect(mongodb_uri, context.settings)
    try:
        assert other.terminology.now().known(ANIMALS, "cat") is True
        assert other.terminology.now().known(ANIMALS, "dog") is False

        animals.fhir.kept("CodeSystem/hewan", HEWAN | {"id": "hewan", "concept": [{"code": "dog"}]})

        assert other.terminology.now().known(ANIMALS, "dog") is True
        assert other.terminology.now().known(ANIMALS, "cat") is False
        animals.fhir("DELETE", "CodeSystem/hewan")
        assert other.terminology.now().known(ANIMALS, "dog") is None
    finally:
        other.close()


def test_what_is_there_only_by_an_extension_is_passed_over(animals):
    nothing = {"extension": [{"url": "urn:why", "valueString": "not said"}]}
    concepts = [
        {"_code": nothing, "display": "No code"},
        {"code": "a", "designation": [{"language": "id", "_value": nothing}]},
        {"code": "b", "property": [{"code": "legs", "_valueString": nothing}]},
    ]
    animals.fhir.kept("CodeSystem/hewan", HEWAN | {"id": "hewan", "concept": concepts})
    listed = {"system": ANIMALS, "concept": [{"_code": nothing}, {"code": "a"}]}
    strange = {
        "system": ANIMALS,
        "filter": [{"_property": nothing, "_op": nothing, "_value": nothing}],
    }

    assert animals.told("CodeSystem/$lookup", system=ANIMALS, code="b")["display"] == "b"
    assert animals.told("CodeSystem/$lookup", system=ANIMALS, code="a", displayLanguage="id")
    for include, status in ((listed, 200), (strange, 400), ({"system": ANIMALS}, 200)):
        sent = value_set(include)
        assert animals.fhir("POST", "ValueSet/$expand?filter=a", sent).status == status
