"""Whatever the CapabilityStatement states can be called."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from fhir_server.interactions.grammar import ROUTES
from fhir_server.operations import load_operations

PLAUSIBLE = {
    "date": "2024-01-01",
    "number": "1",
    "quantity": "5.4|http://unitsofmeasure.org|mg",
    "reference": "Patient/1",
    "string": "siti",
    "token": "https://systems.example|code",
    "uri": "https://urls.example/1",
    "special": "1",
}
BY_NAME = {"near": "-6.2|106.8|10|km", "_filter": "_id eq 1"}
INTERACTIONS = {
    "read": ("GET", "{}/stated"),
    "vread": ("GET", "{}/stated/_history/1"),
    "update": ("PUT", "{}/stated"),
    "patch": ("PATCH", "{}/stated"),
    "delete": ("DELETE", "{}/stated"),
    "history-instance": ("GET", "{}/stated/_history"),
    "history-type": ("GET", "{}/_history"),
    "create": ("POST", "{}"),
    "search-type": ("GET", "{}?_count=1"),
}


@pytest.fixture
def stated(fhir):
    (rest,) = fhir.read("metadata")["rest"]
    return rest


def value(parameter, components):
    """Give something that can be asked of a parameter."""
    if parameter["type"] == "composite":
        return "$".join(PLAUSIBLE[kind] for kind in components(parameter["definition"]))
    return BY_NAME.get(parameter["name"], PLAUSIBLE[parameter["type"]])


def test_every_search_parameter_of_every_type_answers(fhir, context, stated):
    rows = context.definitions.search_parameters

    def components(url):
        return [rows[each["definition"]]["type"] for each in rows[url]["component"]]

    refused = []
    for resource in stated["resource"]:
        for parameter in resource["searchParam"]:
            asked = quote(value(parameter, components))
            path = f"{resource['type']}?{parameter['name']}={asked}&_count=1"
            said = fhir("GET", path, Prefer="handling=strict")
            if said.status != 200:
                refused.append((path, said.status, said.json["issue"][0]["diagnostics"]))

    assert refused == []


def test_every_include_answers(fhir, stated):
    (observation,) = (each for each in stated["resource"] if each["type"] == "Observation")

    for name, stated_ in (
        ("_include", observation["searchInclude"]),
        ("_revinclude", observation["searchRevInclude"]),
    ):
        for each in stated_:
            assert fhir("GET", f"Observation?{name}={each}&_count=1").status == 200, each


def test_every_interaction_of_a_type_is_there(fhir, stated):
    fhir.kept("Patient/stated", {"resourceType": "Patient", "id": "stated"})
    (patient,) = (each for each in stated["resource"] if each["type"] == "Patient")
    codes = [each["code"] for each in patient["interaction"]]

    for code in sorted(codes, key=lambda each: each == "delete"):
        method, shape = INTERACTIONS[code]
        said = fhir(method, shape.format("Patient"), {"resourceType": "Patient", "id": "stated"})
        assert said.status not in {404, 405, 500, 501}, code


def test_every_interaction_of_the_system_is_there(fhir, stated):
    codes = {each["code"] for each in stated["interaction"]}

    assert codes == {"transaction", "batch", "history-system", "search-system"}
    for kind in ("transaction", "batch"):
        assert fhir("POST", "", {"resourceType": "Bundle", "type": kind}).status == 200
    assert fhir("GET", "_history").status == 200
    assert fhir("GET", "?_type=Patient").status == 200


def test_every_operation_is_there_and_has_its_definition(fhir, stated):
    named = {each["name"] for each in stated.get("operation", [])}
    for resource in stated["resource"]:
        for each in resource.get("operation", []):
            said = fhir("POST", f"{resource['type']}/x/${each['name']}", {"resourceType": "Basic"})
            assert "no operation" not in str(said.json), each
            named.add(each["name"])

    assert named == {each.name for each in load_operations()}


def test_every_route_is_stated(stated):
    codes = {each["code"] for each in stated["resource"][0]["interaction"]}
    codes |= {each["code"] for each in stated["interaction"]}
    known = {"capabilities", "search-compartment", "update-conditional", "patch-conditional"}
    known |= {"delete-conditional"}

    assert {route.interaction for route in ROUTES} - known <= codes
    assert len(stated["compartment"]) == 5
    assert stated["resource"][0]["conditionalUpdate"] is True
    assert stated["resource"][0]["conditionalDelete"] == "single"
