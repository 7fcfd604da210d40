"""The same requests through both doors, and what HTTP adds to an interaction."""

import gzip
import json
import re

import pytest
from structlog.testing import capture_logs

from fhir_server.app import create_app
from fhir_server.rest import fhir, metrics

FHIR_JSON = "application/fhir+json"
TEXT = '{"resourceType":"Patient","id":"ID","name":[{"text":"ID"}],"active":true}'
XML = '<Patient xmlns="http://hl7.org/fhir"><id value="ID"/><active value="false"/></Patient>'
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|\w{3}, \d\d \w{3} \d{4} [\d:]+ GMT")

REQUESTS = {
    "create by update": ("PUT", "/fhir/Patient/ID", {}, TEXT),
    "read": ("GET", "/fhir/Patient/ID", {}, ""),
    "head": ("HEAD", "/fhir/Patient/ID", {}, ""),
    "trailing slash": ("GET", "/fhir/Patient/ID/", {}, ""),
    "not modified": ("GET", "/fhir/Patient/ID", {"If-None-Match": 'W/"1"'}, ""),
    "vread": ("GET", "/fhir/Patient/ID/_history/1", {}, ""),
    "history": ("GET", "/fhir/Patient/ID/_history", {}, ""),
    "search": ("GET", "/fhir/Patient?name=ID&_pretty=true", {}, ""),
    "version conflict": ("PUT", "/fhir/Patient/ID", {"If-Match": 'W/"9"'}, TEXT),
    "metadata": ("GET", "/fhir/metadata", {"Accept": "application/json"}, ""),
    "xml": ("GET", "/fhir/Patient/ID?_format=xml&_pretty=true", {}, ""),
    "search in xml": ("GET", "/fhir/Patient?name=ID", {"Accept": "application/fhir+xml"}, ""),
    "write in xml": ("PUT", "/fhir/Patient/ID", {"Content-Type": "application/fhir+xml"}, XML),
    "no xml": ("PUT", "/fhir/Patient/ID", {"Content-Type": "application/fhir+xml"}, "{}"),
    "turtle": ("GET", "/fhir/Patient/ID?_format=ttl", {}, ""),
    "no json": ("PUT", "/fhir/Patient/ID", {}, "{"),
    "other type": ("POST", "/fhir/Patient", {"Content-Type": "text/plain"}, "x"),
    "unknown type": ("GET", "/fhir/Patent/ID", {}, ""),
    "unknown id": ("GET", "/fhir/Patient/no-ID", {"Accept-Language": "id"}, ""),
    "double slash": ("GET", "/fhir//Patient/ID", {}, ""),
    "no utf-8": ("GET", "/fhir/Patient/%ff", {}, ""),
    "wrong method": ("DELETE", "/fhir/metadata", {}, ""),
    "options": ("OPTIONS", "/fhir/Patient", {}, ""),
    "batch": ("POST", "/fhir", {}, '{"resourceType":"Bundle","type":"batch"}'),
    "bad host": ("GET", "/fhir/Patient/ID", {"Host": "a<b"}, ""),
    "delete": ("DELETE", "/fhir/Patient/ID", {}, ""),
    "gone": ("GET", "/fhir/Patient/ID", {}, ""),
}


@pytest.fixture
def client(context):
    return create_app(context).test_client()


def ask(client, request, name):
    method, url, headers, body = request
    given = {"Content-Type": FHIR_JSON, **headers} if body else headers
    response = client.open(
        url.replace("ID", name), method=method, headers=given, data=body.replace("ID", name)
    )
    headers = "\n".join(f"{k}: {v}" for k, v in response.headers if k != "X-Request-Id")
    told = f"{response.status_code}\n{headers}\n\n{response.get_data(as_text=True)}"
    return MOMENT.sub("MOMENT", told.replace(name, "ID"))


def test_both_doors_answer_the_same(context):
    hot, cold = create_app(context), create_app(context, hot=False)

    by_hot = {n: ask(hot.test_client(), r, "by-hot-door") for n, r in REQUESTS.items()}
    by_cold = {n: ask(cold.test_client(), r, "by-the-cold") for n, r in REQUESTS.items()}

    assert {n: by_cold[n] for n in REQUESTS if by_cold[n] != by_hot[n]} == {}
    assert {told[:3] for told in by_hot.values()} >= {"200", "201", "304", "404", "406", "410"}


def put(client, **elements):
    body = json.dumps({"resourceType": "Patient", "id": "siti", **elements})
    return client.put("/fhir/Patient/siti", data=body, content_type=FHIR_JSON)


def test_a_head_has_the_headers_of_the_get_and_no_body(client):
    put(client, active=True)

    got, head = client.get("/fhir/Patient/siti"), client.head("/fhir/Patient/siti")

    assert head.data == b""
    assert head.headers["Content-Length"] == got.headers["Content-Length"] == str(len(got.data))
    assert head.headers["ETag"] == got.headers["ETag"]


def test_a_large_answer_is_compressed_for_who_reads_gzip(client):
    put(client, name=[{"text": "Siti " * 1000}])

    plain = client.get("/fhir/Patient/siti")
    packed = client.get("/fhir/Patient/siti", headers={"Accept-Encoding": "gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_a_body_above_the_limit_is_413(context):
    too_long = {"CONTENT_LENGTH": str(context.settings.body_limit + 1)}

    response = (
        create_app(context)
        .test_client()
        .post("/fhir/Patient", content_type=FHIR_JSON, environ_overrides=too_long)
    )

    assert response.status_code == 413
    assert response.json["issue"][0]["code"] == "too-long"


def test_the_id_of_a_request_comes_back(client):
    response = client.get("/fhir/Patient/nobody", headers={"X-Request-Id": "clinic-7.42"})

    assert response.headers["X-Request-Id"] == "clinic-7.42"


@pytest.mark.parametrize("given", ["", "has space", "x" * 65, "<b>"])
def test_a_request_without_a_usable_id_gets_one(client, given):
    first = client.get("/health/live", headers={"X-Request-Id": given})
    second = client.get("/fhir/metadata", headers={"X-Request-Id": given})

    ids = {first.headers["X-Request-Id"], second.headers["X-Request-Id"]}
    assert len(ids - {given, ""}) == 2


def test_links_name_the_host_that_was_asked(client):
    response = client.get("/fhir/Patient", headers={"Host": "fhir.klinik.example:8443"})

    assert response.json["link"][0]["url"].startswith("http://fhir.klinik.example:8443/fhir/")


@pytest.mark.parametrize("path", ["/nothing", "/fhirx/Patient", "/sop/v1/nothing", "/docs/secret"])
def test_an_unknown_address_is_an_outcome_that_says_where_things_are(client, path):
    response = client.get(path)

    assert response.status_code == 404
    assert "/docs" in response.json["issue"][0]["diagnostics"]


def test_the_log_has_no_id_of_a_patient_and_nothing_that_was_searched(client):
    nik = "3201011708940001"

    with capture_logs() as log:
        client.get(f"/fhir/Patient/{nik}")
        client.get(f"/fhir/Patient?identifier={nik}&nonsense={nik}")
        client.get(f"/{nik}")
        client.get(f"/fhir/{nik}/{nik}?x={nik}")
        client.post("/fhir/Patient", data=f'{{"resourceType": "{nik}"}}', content_type=FHIR_JSON)

    assert len(log) == 5
    assert nik not in str(log)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/fhir", "/fhir"),
        ("/fhir/", "/fhir"),
        ("/fhir/metadata", "/fhir/metadata"),
        ("/fhir/Patient", "/fhir/Patient"),
        ("/fhir/Patient/siti", "/fhir/Patient/{id}"),
        ("/fhir/Patient/siti/_history/3", "/fhir/Patient/{id}/_history/{id}"),
        ("/fhir/Patient/_search", "/fhir/Patient/_search"),
        ("/fhir/Patient/$siti", "/fhir/Patient/{id}"),
        ("/fhir/Siti/a/b/c/d/e/f", "/fhir/{other}"),
        ("/fhir/$siti", "/fhir/{other}"),
    ],
)
def test_the_shape_of_a_path_has_no_ids(path, shape):
    assert fhir.shape(path, {"Patient"}) == shape


def test_health_tells_of_the_database(client):
    response = client.get("/health")

    assert response.status_code == 200
    assert response.json["database"] == "pass"


def test_health_fails_without_a_database(context, client):
    context.store.close()

    ready, live = client.get("/health/ready"), client.get("/health/live")

    assert (ready.status_code, ready.json["status"]) == (503, "fail")
    assert live.status_code == 200


def test_metrics_count_by_shape(client):
    client.get("/fhir/Patient/siti-aminah")

    told = client.get("/metrics").get_data(as_text=True)

    assert 'route="/fhir/Patient/{id}",status="404"' in told
    assert "siti-aminah" not in told


def test_however_many_shapes_clients_ask_for_only_so_many_are_counted_apart(client, monkeypatch):
    monkeypatch.setattr(metrics, "_known", set())
    monkeypatch.setattr(metrics, "MOST", 3)
    metrics.counted.cache_clear()

    kinds = ("Basic", "Account", "Appointment", "Slot", "Schedule")
    for kind in kinds:
        client.get(f"/fhir/{kind}/_history/_search/_history")
    told = client.get("/metrics").get_data(as_text=True)
    metrics.counted.cache_clear()

    counted = [f'route="/fhir/{kind}/_history/_search/_history"' in told for kind in kinds]
    assert counted == [True, True, True, False, False]
    assert 'route="{other}"' in told
