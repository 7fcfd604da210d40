"""What the database would read as an operator stays a value, whichever door it comes through."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from dataclasses import replace
from urllib.parse import quote

import pymongo
import pytest
from mongoengine import connection

from fhir_server.config import Settings
from tests.support.fhir import patient

OPERATORS = [
    "$where",
    "$gt",
    "a.b",
    '{"$gt":""}',
    "$$ROOT",
    "[$ne]",
    "sleep(9);1",
    ".a",
    "__proto__",
]
DOCUMENTS = [{"$gt": ""}, {"$ne": None}, {"$where": "1"}, {"$regex": ".*"}, {"a.b": 1}]


@pytest.fixture(scope="module")
def client(mongodb_uri):
    from fhir_server.app import build_context, create_app  # noqa: PLC0415 - only where asked for

    name = f"test_operators_{os.getpid()}"
    settings = replace(Settings(), mongodb_uri=mongodb_uri, mongodb_database=name, sign_in_limit=0)
    built = build_context(settings, mongodb_uri)
    made = create_app(built).test_client()
    other = patient(id="other", identifier=[{"value": "other"}])
    assert made.put("/fhir/Patient/other", json=other).status_code == 201
    yield made
    built.store.close()
    connection.disconnect_all()
    with pymongo.MongoClient(mongodb_uri) as database:
        database.drop_database(name)


def found(client, query):
    said = client.get("/fhir/Patient", query_string=query)
    assert said.status_code == 200, said.text
    return {each["resource"]["id"] for each in said.json.get("entry", ())}


@pytest.mark.parametrize("operator", OPERATORS)
def test_in_a_resource_it_is_text_that_is_stored_and_found(client, operator):
    name = f"p{OPERATORS.index(operator)}"
    given = patient(id=name, identifier=[{"value": operator}], name=[{"text": operator}])

    said = client.put(f"/fhir/Patient/{name}", json=given)

    assert said.json["identifier"] == [{"value": operator}]
    assert found(client, {"identifier": operator}) == {name}
    assert "other" not in found(client, {"name:exact": operator})


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
@pytest.mark.parametrize(
    "place",
    [
        lambda it: {"identifier": [{"value": it}]},
        lambda it: {"name": [it]},
        lambda it: {"birthDate": it},
        lambda it: it,
        lambda it: {"id": it},
        lambda it: {"meta": it},
    ],
    ids=["value", "element", "primitive", "resource", "id", "meta"],
)
def test_as_a_key_it_is_no_element(client, document, place):
    said = client.post("/fhir/Patient", json=patient() | place(document))

    assert 400 <= said.status_code < 500


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
@pytest.mark.parametrize("field", ["nama", "nik", "noRM", "faskes", "id", "versi"])
def test_in_an_sop_document_it_is_refused(client, document, field):
    said = client.post("/sop/v1/pasien", json={field: document})

    assert 400 <= said.status_code < 500


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize(
    "path",
    [
        "/fhir/Patient/{}",
        "/fhir/Patient/other/_history/{}",
        "/fhir/Patient?_page={}",
        "/fhir/Patient/_history?_page={}",
        "/fhir/$umpan?organization=Organization/x&since={}",
        "/fhir/_jobs/{}",
        "/fhir/Binary/{}",
        "/sop/v1/pasien/{}",
        "/sop/v1/pasien?nik={}",
        "/sop/v1/pasien?{}=1",
        "/sop/v1/pasien?halaman={}",
    ],
)
def test_in_an_id_or_cursor_it_names_nothing(client, path, operator):
    said = client.get(path.format(quote(operator, safe="")))

    assert said.status_code < 500
    assert "other" not in said.text or said.status_code >= 400


@pytest.mark.parametrize(
    "name", ["identifier[$ne]", "identifier.$gt", "$where", "ix.identifier", "_id[$gt]"]
)
def test_as_a_parameter_it_is_unknown(client, name):
    strict = {"Prefer": "handling=strict"}

    said = client.get("/fhir/Patient", query_string={name: "x"}, headers=strict)

    assert said.status_code == 400


@pytest.mark.parametrize("operator", OPERATORS)
def test_as_a_client_it_is_nobody(client, operator):
    basic = b64encode(f"{operator}:{operator}".encode()).decode()
    form = {"grant_type": "client_credentials"}

    by_header = client.post("/oauth2/token", data=form, headers={"Authorization": f"Basic {basic}"})
    by_form = client.post(
        "/oauth2/token", data=form | {"client_id": operator, "client_secret": operator}
    )
    by_key = client.post(
        "/oauth2/token", data=form | {"client_id[$ne]": "", "client_secret[$ne]": ""}
    )

    assert {each.status_code for each in (by_header, by_form, by_key)} <= {400, 401}


@pytest.mark.parametrize("operator", OPERATORS)
def test_in_a_condition_it_matches_only_itself(client, operator):
    name = f"once-{json.dumps(operator)}"
    asked = {"If-None-Exist": f"identifier={quote(name, safe='')}"}
    given = patient(identifier=[{"value": name}])

    statuses = [
        client.post("/fhir/Patient", json=given, headers=asked).status_code for _ in range(2)
    ]

    assert statuses == [201, 200]
