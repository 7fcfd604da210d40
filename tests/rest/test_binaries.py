"""A Binary is sent and read as the content it carries, or as a resource.

https://hl7.org/fhir/R4/binary.html#rest
"""

import base64

import pytest

from fhir_server.app import create_app

PNG = b"\x89PNG\r\n\x1a\n\x00\xff"
FHIR_JSON = "application/fhir+json"


@pytest.fixture(params=[True, False], ids=["hot", "flask"])
def client(context, request):
    return create_app(context, hot=request.param).test_client()


@pytest.fixture
def path(client):
    created = client.post("/fhir/Binary", data=PNG, content_type="image/png")
    assert created.status_code == 201, created.data
    return created.headers["Location"].removeprefix("http://localhost").partition("/_history")[0]


@pytest.mark.parametrize("accept", [None, "*/*", "image/png", "text/html, application/xml;q=0.9"])
def test_content_comes_back_as_it_was_sent(client, path, accept):
    response = client.get(path, headers={"Accept": accept} if accept else {})

    assert response.status_code == 200
    assert response.data == PNG
    assert response.content_type == "image/png"
    assert response.headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize(
    "asked", [{"headers": {"Accept": FHIR_JSON}}, {"query_string": "_format=json"}]
)
def test_who_names_a_format_gets_the_resource(client, path, asked):
    response = client.get(path, **asked)

    assert response.json["resourceType"] == "Binary"
    assert response.json["contentType"] == "image/png"
    assert base64.b64decode(response.json["data"]) == PNG


def test_a_version_and_a_head_are_of_the_content(client, path):
    put = client.put(path, data=b"a,b\n", content_type="text/csv; charset=utf-8")

    assert put.status_code == 200, put.data
    assert client.get(f"{path}/_history/1").data == PNG
    assert client.get(path).data == b"a,b\n"
    assert client.head(path).headers["Content-Length"] == "4"
    assert client.head(path).content_type == "text/csv; charset=utf-8"


def test_a_resource_is_still_a_resource(client):
    body = '{"resourceType":"Binary","contentType":"text/plain","data":"aGFsbw=="}'
    created = client.post("/fhir/Binary", data=body, content_type=FHIR_JSON)

    assert client.get(f"/fhir/Binary/{created.json['id']}").data == b"halo"


def test_who_may_see_it_is_kept(client):
    created = client.post(
        "/fhir/Binary",
        data=PNG,
        content_type="image/png",
        headers={"X-Security-Context": "Patient/siti"},
    )

    assert created.json["securityContext"] == {"reference": "Patient/siti"}


def test_a_failure_is_an_outcome_whatever_is_accepted(client):
    response = client.get("/fhir/Binary/nothing", headers={"Accept": "image/png"})

    assert response.status_code == 404
    assert response.json["resourceType"] == "OperationOutcome"


def test_not_modified_has_no_content(client, path):
    response = client.get(path, headers={"If-None-Match": 'W/"1"'})

    assert (response.status_code, response.data) == (304, b"")


def test_a_page_among_the_content_is_locked_in(client):
    body = b"<script>alert(1)</script>"
    created = client.post("/fhir/Binary", data=body, content_type="text/html")

    response = client.get(f"/fhir/Binary/{created.json['id']}")

    assert response.content_type == "text/html"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_media_type_cannot_add_a_header(client):
    body = '{"resourceType":"Binary","contentType":"text/plain\\nX-Evil: 1","data":"aGFsbw=="}'
    created = client.post("/fhir/Binary", data=body, content_type=FHIR_JSON)

    response = client.get(f"/fhir/Binary/{created.json['id']}")

    assert response.content_type == "application/octet-stream"
    assert "X-Evil" not in response.headers


@pytest.mark.parametrize(
    ("method", "url"), [("POST", "/fhir/Patient"), ("PATCH", "/fhir/Binary/1"), ("POST", "/fhir")]
)
def test_content_has_no_place_elsewhere(client, method, url):
    assert client.open(url, method=method, data=PNG, content_type="image/png").status_code == 415


def test_a_page_of_another_origin_cannot_write_by_leaving_the_type_out(client):
    said = {"resourceType": "Patient"}

    response = client.post("/fhir/Patient", json=said, content_type="", headers={"Origin": "null"})

    assert response.status_code == 415
