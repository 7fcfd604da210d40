from fhir_server.resources.validate import validate


def test_the_statement_is_valid_r4(ask, definitions):
    said = ask("GET", "metadata")

    assert said.status == 200
    assert validate(said.json, definitions) == []
    assert said.json["fhirVersion"] == "4.0.1"


def test_it_says_what_is_there_and_nothing_else(ask, definitions, parameters):
    (rest,) = ask("GET", "metadata").json["rest"]

    assert {each["type"] for each in rest["resource"]} == definitions.types
    for each in rest["resource"]:
        codes = {interaction["code"] for interaction in each["interaction"]}
        assert {"read", "create", "update", "delete", "search-type"} <= codes
        stated = {parameter["name"] for parameter in each["searchParam"]}
        assert stated <= parameters.of(each["type"]).keys()


def test_what_may_be_included_is_said_of_both_ends(ask):
    (rest,) = ask("GET", "metadata").json["rest"]
    by_type = {each["type"]: each for each in rest["resource"]}

    assert "Observation:patient" in by_type["Observation"]["searchInclude"]
    assert "Observation:patient" in by_type["Patient"]["searchRevInclude"]
    assert "Observation:patient" not in by_type["Device"].get("searchRevInclude", [])


def test_the_address_is_the_one_that_was_asked(ask):
    assert ask("GET", "metadata").json["implementation"]["url"] == "https://puskesmas.example/fhir"
