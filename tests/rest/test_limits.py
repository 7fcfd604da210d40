"""Each limit is a setting: what passes it is refused with an outcome that names the limit."""

from __future__ import annotations

import os

import pymongo
import pytest
from mongoengine import connection

from fhir_server.config import Settings
from tests.support.fhir import patient

JSON, PATCH, XML = "application/fhir+json", "application/json-patch+json", "application/fhir+xml"
SMALL = {
    "body_limit": 4000,
    "xml_limit": 1000,
    "depth_limit": 5,
    "entry_limit": 3,
    "count_limit": 2,
    "include_limit": 1,
    "chain_limit": 1,
    "search_parameter_limit": 12,
    "search_value_limit": 4,
    "search_code_limit": 6,
    "search_include_limit": 3,
    "sort_limit": 2,
    "filter_limit": 3,
    "filter_depth_limit": 2,
    "chain_depth_limit": 2,
    "patch_limit": 3,
    "conditional_delete": "multiple",
    "conditional_delete_limit": 2,
    "expansion_limit": 2,
}


@pytest.fixture(scope="module")
def client(mongodb_uri):
    from fhir_server.app import build_context, create_app  # noqa: PLC0415 - only where asked for

    name = f"test_limits_{os.getpid()}"
    settings = Settings(mongodb_uri=mongodb_uri, mongodb_database=name, threads=8, **SMALL)
    built = build_context(settings, mongodb_uri)
    made = create_app(built).test_client()
    for number in range(3):
        assert (
            made.put(f"/fhir/Organization/o{number}", json=organization(number)).status_code == 201
        )
        told = patient(
            id=f"p{number}", managingOrganization={"reference": f"Organization/o{number}"}
        )
        assert made.put(f"/fhir/Patient/p{number}", json=told).status_code == 201
    yield made
    built.store.close()
    connection.disconnect_all()
    with pymongo.MongoClient(mongodb_uri) as database:
        database.drop_database(name)


def organization(number):
    return {"resourceType": "Organization", "id": f"o{number}", "name": "Puskesmas"}


def expect(said, status, word):
    assert said.status_code == status, said.text[:300]
    told = said.json
    assert told["resourceType"] == "OperationOutcome"
    assert word in " ".join(each["diagnostics"] for each in told["issue"]), told


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ("&".join(["name=a"] * 13), 422, "FHIR_SEARCH_PARAMETER_LIMIT"),
        ("birthdate=" + ",".join(["gt1990"] * 5), 422, "FHIR_SEARCH_VALUE_LIMIT"),
        ("identifier=" + ",".join("abcdefg"), 422, "FHIR_SEARCH_CODE_LIMIT"),
        ("&".join(["_include=Patient:link"] * 4), 422, "FHIR_SEARCH_INCLUDE_LIMIT"),
        ("_sort=name,birthdate,gender", 400, "FHIR_SORT_LIMIT"),
        ("_filter=" + " or ".join(["name eq a"] * 4), 422, "FHIR_FILTER_LIMIT"),
        ("_filter=(((name eq a)))", 400, "FHIR_FILTER_DEPTH_LIMIT"),
        ("organization.partof.partof.name=a", 400, "FHIR_CHAIN_DEPTH_LIMIT"),
        ("_include=Patient:organization", 400, "FHIR_INCLUDE_LIMIT"),
        ("organization.name=Puskesmas", 400, "FHIR_CHAIN_LIMIT"),
    ],
)
def test_a_search_that_passes_a_limit_is_told_which(client, query, status, word):
    expect(client.get("/fhir/Patient", query_string=query), status, word)


def test_a_page_is_no_longer_than_the_limit(client):
    said = client.get("/fhir/Patient?_count=50").json

    assert len(said["entry"]) == SMALL["count_limit"]
    assert any(each["relation"] == "next" for each in said["link"])


DEEP = b'{"resourceType":"Patient","contact":[{"extension":[{"extension":[{"url":"u"}]}]}]}'
ENTRIES = b'{"resourceType":"Bundle","type":"batch","entry":[{},{},{},{}]}'
PATCHES = b"[" + b",".join([b'{"op":"test","path":"/id","value":"p0"}'] * 4) + b"]"


EXPANSION = "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender"


@pytest.mark.parametrize(
    ("asked", "content_type", "body", "told"),
    [
        ("POST Patient", JSON, b" " * 4001, "413 FHIR_BODY_LIMIT"),
        ("POST Patient", XML, b" " * 1001, "413 FHIR_XML_LIMIT"),
        ("POST Patient", JSON, DEEP, "400 FHIR_DEPTH_LIMIT"),
        ("POST ", JSON, ENTRIES, "413 FHIR_ENTRY_LIMIT"),
        ("PATCH Patient/p0", PATCH, PATCHES, "400 FHIR_PATCH_LIMIT"),
        ("DELETE Patient?active:missing=true", "", b"", "412 FHIR_CONDITIONAL_DELETE_LIMIT"),
        (f"GET {EXPANSION}", "", b"", "422 FHIR_EXPANSION_LIMIT"),
    ],
)
def test_what_passes_a_limit_is_told_which(client, asked, content_type, body, told):
    method, _, path = asked.partition(" ")

    said = client.open(
        f"/fhir/{path}",
        method=method,
        data=body,
        content_type=content_type,
        headers={"Accept": JSON},
    )

    status, _, word = told.partition(" ")
    expect(said, int(status), word)
