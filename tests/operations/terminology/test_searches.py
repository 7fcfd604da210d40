"""What searches and loaded terminology have to do with one another."""

from tests.operations.terminology.invented import ANIMALS, NOWHERE, PETS, filtered, value_set


def found(fhir, query):
    said = fhir.read(f"Observation?{query}")
    return {each["resource"]["id"] for each in said.get("entry", ())}


def test_codes_are_found_by_value_set_and_by_hierarchy(animals):
    fhir = animals.fhir
    fhir.kept("ValueSet/pets", value_set(filtered("is-a", "cat"), id="pets"))
    for code in ("cat", "persian", "hen"):
        coded = {"coding": [{"system": ANIMALS, "code": code}]}
        fhir.kept(
            f"Observation/{code}",
            {"resourceType": "Observation", "id": code, "status": "final", "code": coded},
        )

    assert found(fhir, f"code:in={PETS}") == {"cat", "persian"}
    assert found(fhir, "code:in=ValueSet/pets") == {"cat", "persian"}
    assert found(fhir, f"code:not-in={PETS}") == {"hen"}
    assert found(fhir, f"code:below={ANIMALS}%7Ccat") == {"cat", "persian"}
    assert found(fhir, f"code:above={ANIMALS}%7Cpersian") == {"cat", "persian"}
    for query in (f"code:in={NOWHERE}", f"code:below={NOWHERE}%7Ccat"):
        assert 400 <= fhir("GET", f"Observation?{query}").status < 500
