"""The description is current, valid, and shown by a page that needs no other machine."""

import re
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator

from fhir_server.app import create_app, describe
from fhir_server.config import Settings
from fhir_server.interactions.grammar import ROUTES

COMMITTED = Path(__file__).parents[2] / "openapi.yaml"


@pytest.fixture(scope="module")
def description():
    return yaml.safe_load(COMMITTED.read_text("utf-8"))


@pytest.fixture
def client(context):
    return create_app(context).test_client()


def operations(description):
    for path, item in description["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


def test_it_is_current():
    assert COMMITTED.read_bytes() == describe(Settings()), (
        "fhir-server openapi --output openapi.yaml"
    )


def test_it_is_valid(description):
    assert list(OpenAPIV30SpecValidator(description).iter_errors()) == []


def test_every_fhir_route_is_in_it(description):
    described = {(path, method.upper()) for path, method, _ in operations(description)}

    wanted = {(f"/fhir/{route.pattern}".removesuffix("/"), route.method) for route in ROUTES}
    assert wanted - described == set()


def test_every_operation_says_how_it_refuses_who_may_not(description):
    silent = {
        path
        for path, _, operation in operations(description)
        if not {"401", "403"} <= operation["responses"].keys()
    }

    assert silent == {"/fhir/metadata"}
    assert description["security"] == [{}, {"token": []}]
    assert "clientCredentials" in description["components"]["securitySchemes"]["token"]["flows"]


def test_no_two_operations_have_the_same_id(description):
    ids = [operation["operationId"] for _, _, operation in operations(description)]

    assert len(ids) == len(set(ids))


def test_types_of_the_sops_have_their_search_parameters(description):
    names = {
        each.get("name") for each in description["paths"]["/fhir/Patient"]["get"]["parameters"]
    }

    assert names >= {"name", "birthdate", "identifier"}


def test_both_apis_are_in_it(description):
    assert {"/fhir/Patient/{id}", "/sop/v1/pasien"} <= set(description["paths"])


def test_the_server_gives_what_is_committed(client, description):
    assert client.get("/openapi.json").json == description
    assert client.get("/openapi.yaml").data == COMMITTED.read_bytes()


def test_the_page_asks_no_other_machine(client):
    page = client.get("/docs")
    text = page.get_data(as_text=True)

    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert re.findall(r"(?:src|href)=\"(?!/)", text) == []
    for address in re.findall(r"(?:src|href)=\"([^\"]+)\"", text):
        with client.get(address) as found:
            assert found.status_code == 200, address


def test_only_the_files_of_the_page_are_served(client):
    assert client.get("/docs/swagger-initializer.js").status_code == 404
    assert client.get("/docs/..%2f..%2f__init__.py").status_code == 404
