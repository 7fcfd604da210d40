"""What browsers ask before they ask, and what they are told of pages: CORS, OPTIONS, headers."""

import json
from dataclasses import replace

import pytest

from fhir_server.app import create_app
from fhir_server.rest import cors

KLINIK = "https://klinik.example:8443"
ASKS = {"Origin": KLINIK, "Access-Control-Request-Method": "PUT"}


def client_of(context, origins, *, hot=True):
    settings = replace(context.settings, cors_origins=origins)
    return create_app(replace(context, settings=settings), hot=hot).test_client()


@pytest.fixture(params=[True, False], ids=["hot", "flask"])
def allowing(context, request):
    return client_of(context, f"{KLINIK}, https://app.example", hot=request.param)


@pytest.fixture(params=[True, False], ids=["hot", "flask"])
def closed(context, request):
    return client_of(context, "", hot=request.param)


@pytest.mark.parametrize("url", ["/fhir/Patient/1", "/fhir", "/sop/v1/pasien", "/health"])
def test_a_preflight_of_an_allowed_origin_is_granted(allowing, url):
    response = allowing.options(url, headers=ASKS)

    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == KLINIK
    assert "PUT" in response.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "Content-Type", "If-Match", "Prefer"} <= set(
        response.headers["Access-Control-Allow-Headers"].split(", ")
    )
    assert response.headers["Vary"] == "Origin"
    assert response.data == b""


@pytest.mark.parametrize("url", ["/fhir/metadata", "/fhir/Patient/nobody", "/health/live"])
def test_an_allowed_origin_may_read_answers_and_failures(allowing, url):
    response = allowing.get(url, headers={"Origin": KLINIK})

    assert response.headers["Access-Control-Allow-Origin"] == KLINIK
    assert "ETag" in response.headers["Access-Control-Expose-Headers"]
    assert "Origin" in ", ".join(response.headers.getlist("Vary"))
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{KLINIK}.evil.example"])
def test_another_origin_is_told_nothing(allowing, origin):
    asked = allowing.options("/fhir/Patient", headers={**ASKS, "Origin": origin})
    read = allowing.get("/fhir/metadata", headers={"Origin": origin})

    assert "Access-Control-Allow-Origin" not in asked.headers
    assert "Access-Control-Allow-Origin" not in read.headers
    assert "Origin" in read.headers.getlist("Vary")


def test_by_default_no_origin_is_allowed(closed):
    asked = closed.options("/fhir/Patient/1", headers=ASKS)
    read = closed.get("/fhir/metadata", headers={"Origin": KLINIK})

    assert not [name for name, _ in [*asked.headers, *read.headers] if "Access-Control" in name]


def test_any_origin_may_be_allowed(context):
    response = client_of(context, "*").get("/fhir/metadata", headers={"Origin": "null"})

    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Origin" not in response.headers.getlist("Vary")


@pytest.mark.parametrize(
    "text", ["klinik.example", "https://klinik.example/app", "https://a.example https://b.example"]
)
def test_what_is_no_origin_is_refused_at_the_start(text):
    with pytest.raises(ValueError, match="FHIR_CORS_ORIGINS"):
        cors.origins(text)


@pytest.mark.parametrize(
    ("url", "methods"),
    [
        ("/fhir/Patient/1", {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}),
        ("/fhir/Patient", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/fhir/metadata", {"GET", "HEAD", "OPTIONS"}),
        ("/fhir", {"POST", "OPTIONS"}),
    ],
)
def test_options_says_what_an_address_allows(closed, url, methods):
    response = closed.options(url)

    assert response.status_code == 204
    assert set(response.headers["Allow"].split(", ")) >= methods
    assert response.data == b""


def test_options_of_what_is_not_there_is_404(closed):
    assert closed.options("/fhir/Patent/1").status_code == 404


@pytest.mark.parametrize("url", ["/docs", "/openapi.json", "/health/live", "/metrics", "/nothing"])
def test_pages_forbid_the_browser_what_they_do_not_need(closed, url):
    headers = closed.get(url).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert len(headers.getlist("Content-Security-Policy")) == 1


@pytest.mark.parametrize("url", ["/fhir/Patient", "/sop/v1/pasien"])
def test_a_body_above_the_limit_is_refused_by_its_declared_length(closed, context, url):
    too_long = {"CONTENT_LENGTH": str(context.settings.body_limit + 1)}
    kind = "application/fhir+json" if "fhir" in url else "application/json"

    response = closed.post(url, content_type=kind, environ_overrides=too_long)

    assert response.status_code == 413
    assert json.loads(response.data)["issue"][0]["code"] == "too-long"


@pytest.mark.parametrize(
    "url",
    ["/fhir/metadata", "/fhir/Patient", "/fhir/Patient/nobody", "/sop/v1/pasien", "/health/live"],
)
def test_no_cache_keeps_what_was_answered(closed, url):
    assert closed.get(url).headers["Cache-Control"] == "no-store"
