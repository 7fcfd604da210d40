"""$translate, there and back; and what the server says of its terminology."""

import pytest

from fhir_server.resources.validate import validate
from tests.operations.terminology.invented import ANIMALS, HEWAN, NOWHERE, parameters, values

TOYS = "https://example.org/CodeSystem/mainan"
MAP = {
    "resourceType": "ConceptMap",
    "id": "hewan-mainan",
    "url": "https://example.org/ConceptMap/hewan-mainan",
    "status": "active",
    "sourceUri": "https://example.org/ValueSet/hewan",
    "targetUri": "https://example.org/ValueSet/mainan",
    "group": [
        {
            "source": ANIMALS,
            "target": TOYS,
            "element": [
                {
                    "code": "cat",
                    "target": [{"code": "plush", "display": "Plush", "equivalence": "wider"}],
                },
                {"code": "hen", "target": [{"equivalence": "unmatched"}]},
                {
                    "code": "dodo",
                    "target": [
                        {
                            "code": "wooden",
                            "equivalence": "equivalent",
                            "dependsOn": [{"property": "urn:material", "value": "wood"}],
                            "product": [{"property": "urn:age", "system": TOYS, "value": "3"}],
                        }
                    ],
                },
            ],
            "unmapped": {"mode": "fixed", "code": "other", "display": "Something else"},
        }
    ],
}


@pytest.fixture
def mapped(asking):
    asking.fhir.kept("ConceptMap/hewan-mainan", MAP)
    return asking


def test_a_code_is_translated(mapped):
    told = mapped.told("ConceptMap/$translate", url=MAP["url"], system=ANIMALS, code="cat")

    assert told["result"] is True
    assert told["match"]["equivalence"] == "wider"
    assert told["match"]["concept"] == {"system": TOYS, "code": "plush", "display": "Plush"}
    assert told["match"]["source"] == MAP["url"]
    for path in ("ConceptMap/$translate", "ConceptMap/hewan-mainan/$translate"):
        assert mapped.told(path, system=ANIMALS, code="cat") == told


def test_a_code_is_translated_back(mapped):
    told = mapped.told("ConceptMap/$translate", system=TOYS, code="plush", reverse="true")

    assert told["match"]["equivalence"] == "narrower"
    assert told["match"]["concept"] == {"system": ANIMALS, "code": "cat"}


def test_what_has_no_match_says_so(mapped):
    told = mapped.told("ConceptMap/$translate", url=MAP["url"], system=ANIMALS, code="hen")
    assert (told["result"], told["match"]["equivalence"]) == (False, "unmatched")
    assert "No translation" in told["message"]
    told = mapped.told("ConceptMap/$translate", system=NOWHERE, code="x")
    assert told["result"] is False
    assert "match" not in told


def test_what_the_map_does_not_name_is_as_the_map_says(mapped):
    told = mapped.told("ConceptMap/$translate", url=MAP["url"], system=ANIMALS, code="toy")

    assert told["match"]["equivalence"] == "inexact"
    assert told["match"]["concept"]["code"] == "other"


def test_source_and_target_narrow_the_maps(mapped):
    for name, right in (
        ("source", MAP["sourceUri"]),
        ("target", MAP["targetUri"]),
        ("targetsystem", TOYS),
    ):
        for value, result in ((right, True), (NOWHERE, False)):
            told = mapped.told("ConceptMap/$translate", system=ANIMALS, code="cat", **{name: value})
            assert told["result"] is result


def test_a_translation_that_depends_on_something_needs_it(mapped):
    body = parameters(system__valueUri=ANIMALS, code__valueCode="dodo", url__valueUri=MAP["url"])
    assert values(mapped.fhir("POST", "ConceptMap/$translate", body).json)["result"] is False
    wood = {"name": "concept", "valueCodeableConcept": {"coding": [{"code": "wood"}]}}
    element = {"name": "element", "valueUri": "urn:material"}
    body["parameter"].append({"name": "dependency", "part": [element, wood]})

    told = values(mapped.fhir("POST", "ConceptMap/$translate", body).json)

    assert told["match"]["concept"]["code"] == "wooden"
    assert told["match"]["product"]["element"] == "urn:age"


def test_the_map_may_be_sent_and_one_of_r4_is_there(asking):
    body = parameters(conceptMap__resource=MAP, system__valueUri=ANIMALS, code__valueCode="cat")
    assert values(asking.fhir("POST", "ConceptMap/$translate", body).json)["result"] is True
    told = asking.told(
        "ConceptMap/$translate",
        system="http://hl7.org/fhir/administrative-gender",
        code="male",
        targetsystem="http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender",
    )
    assert "M" in {each["concept"]["code"] for each in _listed(told["match"])}


def _listed(rows):
    return rows if isinstance(rows, list) else [rows]


def test_a_map_nobody_has_is_not_found(asking):
    for path in (f"ConceptMap/$translate?url={NOWHERE}&code=x", "ConceptMap/no/$translate?code=x"):
        assert asking.fhir("GET", path).status == 404


def test_the_capabilities_name_what_is_here(asking, context):
    asking.fhir.kept("CodeSystem/hewan", HEWAN | {"id": "hewan"})

    said = asking.get("metadata", mode="terminology")

    assert said["resourceType"] == "TerminologyCapabilities"
    assert validate(said, context.definitions) == []
    known = {each["uri"]: each for each in said["codeSystem"]}
    assert known[ANIMALS]["version"][0]["code"] == "1"
    assert f"{context.settings.canonical}/CodeSystem/klaster" in known
    assert "http://loinc.org" not in known
    names = {each["name"] for each in said["expansion"]["parameter"]}
    assert {"filter", "offset", "count", "displayLanguage"} <= names
    assert "context" not in names
    assert asking.get("metadata")["resourceType"] == "CapabilityStatement"


def test_a_dependency_without_its_parts_is_refused(mapped):
    for part in ([{"name": "element", "valueUri": "urn:a"}], [{"name": "element"}]):
        body = parameters(system__valueUri=ANIMALS, code__valueCode="dodo")
        body["parameter"].append({"name": "dependency", "part": part})
        assert mapped.fhir("POST", "ConceptMap/$translate", body).status == 400
