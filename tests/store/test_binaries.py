"""The content of a large Binary lies beside it: no version loses it, no refused write leaves it.

https://hl7.org/fhir/R4/binary.html
"""

import base64
import os
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from pymongo.errors import AutoReconnect

from fhir_server.app import create_app
from fhir_server.errors import Conflict
from fhir_server.store.binaries import BUCKET

FHIR_JSON = {"Accept": "application/fhir+json"}
LARGE = 3 * 1024 * 1024


@pytest.fixture
def client(context):
    return create_app(context).test_client()


@pytest.fixture
def files(store):
    return store._database[f"{BUCKET}.files"]


def document(content, **more):
    return {"resourceType": "Binary", "contentType": "image/png"} | more | {"data": content}


def large(size=LARGE):
    return base64.b64encode(os.urandom(size)).decode()


def test_twenty_megabytes_come_back_as_they_were_sent(client, files):
    picture = os.urandom(20 * 1024 * 1024)

    created = client.post("/fhir/Binary", data=picture, content_type="image/png")

    assert created.status_code == 201, created.data[:300]
    path = created.headers["Location"].removeprefix("http://localhost").partition("/_history")[0]
    assert client.get(path).data == picture
    assert files.count_documents({}) == 1
    as_resource = client.get(path, headers=FHIR_JSON).json
    assert base64.b64decode(as_resource["data"]) == picture
    assert "tag" not in as_resource["meta"]


@pytest.mark.parametrize("first", ["meta", "data"])
def test_every_version_keeps_its_own_content_to_the_byte(client, first):
    one, two = large(), large()
    meta = {"security": [{"code": "R"}]}
    start = {"resourceType": "Binary", "id": "b", "contentType": "image/png"}
    body = {"meta": {"meta": meta, "data": one}, "data": {"data": one, "meta": meta}}[first]

    client.put("/fhir/Binary/b", json=start | body)
    client.put("/fhir/Binary/b", json=document(two, id="b"))

    before = client.get("/fhir/Binary/b/_history/1", headers=FHIR_JSON)
    now = client.get("/fhir/Binary/b", headers=FHIR_JSON)
    assert before.json["data"] == one
    assert before.json["meta"]["security"] == [{"code": "R"}]
    assert now.json["data"] == two
    assert now.json["meta"]["versionId"] == "2"


def test_the_same_again_makes_no_version_and_no_file(client, files):
    content = large()
    client.put("/fhir/Binary/b", json=document(content, id="b"))

    again = client.put("/fhir/Binary/b", json=document(content, id="b"))

    assert again.headers["ETag"] == 'W/"1"'
    assert files.count_documents({}) == 1
    assert client.get("/fhir/Binary/b", headers=FHIR_JSON).json["data"] == content


def test_small_after_large_and_a_patch_of_large(client):
    content = large()
    client.put("/fhir/Binary/b", json=document("aGFsbw==", id="b"))
    client.put("/fhir/Binary/b", json=document(content, id="b"))
    patch = [{"op": "replace", "path": "/contentType", "value": "image/gif"}]

    patched = client.patch(
        "/fhir/Binary/b",
        data=orjson.dumps(patch),
        content_type="application/json-patch+json",
        headers=FHIR_JSON,
    )
    assert patched.status_code == 200, patched.data[:300]
    assert client.get("/fhir/Binary/b", headers=FHIR_JSON).json["data"] == content
    client.put("/fhir/Binary/b", json=document("aGFsbw==", id="b"))

    assert client.get("/fhir/Binary/b", headers=FHIR_JSON).json["data"] == "aGFsbw=="


@pytest.mark.parametrize("path", ["/fhir/Binary?_id=b", "/fhir/Binary/b/_history"])
def test_lists_leave_the_content_out_and_say_so(client, path):
    client.put("/fhir/Binary/b", json=document(large(), id="b"))

    (entry,) = client.get(path).json["entry"]

    assert "data" not in entry["resource"]
    assert [each["code"] for each in entry["resource"]["meta"]["tag"]] == ["SUBSETTED"]


def test_a_refused_write_leaves_no_file(client, files):
    client.put("/fhir/Binary/b", json=document("aGFsbw==", id="b"))

    refused = client.put(
        "/fhir/Binary/b", json=document(large(), id="b"), headers={"If-Match": 'W/"7"'}
    )

    assert refused.status_code == 412
    assert files.count_documents({}) == 0


def test_a_transaction_keeps_content_all_or_nothing(client, files):
    entries = [
        {"request": {"method": "POST", "url": "Binary"}, "resource": document(large())}
        for _ in range(3)
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    lost = {"request": {"method": "PUT", "url": "Patient/p", "ifMatch": 'W/"3"'}}
    lost["resource"] = {"resourceType": "Patient", "id": "p"}

    done = client.post("/fhir", json=bundle)
    refused = client.post("/fhir", json=bundle | {"entry": [*entries, lost]})

    assert done.status_code == 200
    assert refused.status_code == 412
    assert files.count_documents({}) == 3


def test_what_is_expunged_is_gone_with_its_content(client, store, files):
    for _ in range(2):
        client.put("/fhir/Binary/b", json=document(large(), id="b"))
    client.put("/fhir/Binary/c", json=document(large(), id="c"))

    store.expunge.version("Binary", "b", 1)
    assert files.count_documents({}) == 2
    store.expunge.resources("Binary", ["b"])

    assert files.count_documents({}) == 1
    assert client.get("/fhir/Binary/c").status_code == 200


def test_the_sweep_takes_only_what_nothing_names_and_is_old(client, store, files):
    client.put("/fhir/Binary/b", json=document(large(), id="b"))
    client.put("/fhir/Binary/b", json=document(large(), id="b"))
    for name in ("orphan", "on-its-way"):
        store.binaries._bucket.upload_from_stream(name, b"x")
    old = {"$set": {"uploadDate": datetime.now(UTC) - timedelta(days=2)}}
    files.update_many({"filename": {"$ne": "on-its-way"}}, old)

    assert store.binaries.sweep() == 1

    assert {each["filename"] for each in files.find()} == {"b", "on-its-way"}
    assert client.get("/fhir/Binary/b/_history/1").status_code == 200


@pytest.mark.parametrize(("trouble", "kept"), [(AutoReconnect("lost"), 1), (Conflict("no"), 0)])
def test_only_content_that_surely_nothing_names_is_removed(context, files, trouble, kept):
    def refuse(*_):
        raise trouble

    context.store._writer.transact = refuse

    answered = create_app(context).test_client().post("/fhir/Binary", json=document(large()))

    assert answered.status_code == (503 if kept else 409)
    assert files.count_documents({}) == kept
