"""What is too much is refused with 4xx before it costs anything; what is only large is answered."""

from __future__ import annotations

import os
from dataclasses import replace

import orjson
import pymongo
import pytest
from mongoengine import connection

from fhir_server.config import Settings
from tests.support.fhir import patient

MANY = 100_000
JSON, PATCH, XML = "application/fhir+json", "application/json-patch+json", "application/fhir+xml"
FORM = "application/x-www-form-urlencoded"
OBSERVATION = '{"resourceType":"Observation","status":"final","code":{"text":"a"},"valueQuantity":'


@pytest.fixture(scope="module")
def client(mongodb_uri):
    from fhir_server.app import build_context, create_app  # noqa: PLC0415 - only where asked for

    name = f"test_bounds_{os.getpid()}"
    settings = replace(Settings(), mongodb_uri=mongodb_uri, mongodb_database=name, threads=8)
    built = build_context(settings, mongodb_uri)
    made = create_app(built).test_client()
    assert made.put("/fhir/Patient/x", json=patient(id="x")).status_code == 201
    yield made
    built.store.close()
    connection.disconnect_all()
    with pymongo.MongoClient(mongodb_uri) as database:
        database.drop_database(name)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param("&".join(["name=a"] * 501), 422, id="parameters"),
        pytest.param("&".join(["p=1"] * 501), 422, id="unknown parameters"),
        pytest.param("&".join(["_include=Patient:link"] * 51), 422, id="includes"),
        pytest.param("_revinclude=*" + "&_revinclude:iterate=*" * 50, 422, id="revincludes"),
        pytest.param("birthdate=" + ",".join(["gt1990"] * 501), 422, id="ranges"),
        pytest.param("name=" + ",".join(["a"] * 501), 422, id="words"),
        pytest.param("general-practitioner.name=" + ",".join(["a"] * 501), 422, id="chained words"),
        pytest.param("identifier=" + ",".join(["a"] * 20_001), 422, id="codes"),
        pytest.param("_id=" + ",".join(map(str, range(10_000))), 200, id="ids"),
        pytest.param("_filter=" + " or ".join(["name eq a"] * 501), 422, id="filter"),
        pytest.param("_filter=" + "(" * MANY, 400, id="deep filter"),
        pytest.param("_count=" + "9" * MANY, 400, id="count"),
        pytest.param("birthdate=" + "9" * MANY, 400, id="date"),
        pytest.param("general-practitioner" + ".organization" * 1000 + "=1", 400, id="chain"),
        pytest.param("_has:" + "Observation:subject:" * 1000 + "_id=1", 400, id="has"),
        pytest.param("_has:Observation:patient:value-quantity=1e9999999", 400, id="exponent"),
        pytest.param("_has:Observation:patient:value-quantity=1e999", 200, id="infinity"),
    ],
)
@pytest.mark.parametrize("by_form", [False, True])
def test_a_search_is_bounded(client, query, status, by_form):
    if by_form:
        said = client.post("/fhir/Patient/_search", data=query, content_type=FORM)
    else:
        said = client.get("/fhir/Patient", query_string=query)

    assert said.status_code == status, said.text[:300]


@pytest.mark.parametrize(
    ("asked", "content_type", "body", "statuses"),
    [
        pytest.param("POST Patient", JSON, b"[" * MANY, {400}, id="deep"),
        pytest.param(
            "POST ",
            JSON,
            b'{"resourceType":"Bundle","type":"batch","entry":[' + b"{}," * 10_000 + b"{}]}",
            {413},
            id="entries",
        ),
        pytest.param("POST Observation", JSON, f"{OBSERVATION}1e999}}}}", {400}, id="infinite"),
        pytest.param("POST Observation", JSON, OBSERVATION + "9" * MANY + "}}", {400}, id="digits"),
        pytest.param(
            "PATCH Patient/x",
            PATCH,
            orjson.dumps([{"op": "copy", "from": "", "path": "/a"}] * 60),
            {400, 413, 422},
            id="doubling",
        ),
        pytest.param("POST Patient", XML, b"<a>" * MANY, {400}, id="deep XML"),
    ],
)
def test_a_body_is_bounded(client, asked, content_type, body, statuses):
    method, _, path = asked.partition(" ")
    said = client.open(f"/fhir/{path}", method=method, data=body, content_type=content_type)

    assert said.status_code in statuses, said.text[:300]
    assert len(said.data) < 10_000


@pytest.mark.parametrize("name", ["Accept", "If-None-Match", "If-Modified-Since", "Prefer"])
def test_a_long_header_is_answered_or_refused(client, name):
    said = client.get("/fhir/Patient/x", headers={name: ",".join(['W/"1"'] * 20_000)})

    assert said.status_code in {200, 304, 400, 406}


def test_a_condition_is_bounded_like_a_search(client):
    asked = {"If-None-Exist": "&".join(["name=a"] * 501)}

    assert client.post("/fhir/Patient", json=patient(), headers=asked).status_code == 422


def test_an_array_of_a_million_is_only_large(client):
    body = b'{"resourceType":"Patient","name":[{"given":[' + b'"a",' * 999_999 + b'"a"]}]}'

    said = client.post("/fhir/Patient", data=body, content_type=JSON)

    assert said.status_code in {201, 413}
