"""XML over HTTP, by both doors: what is written in one format is read in the other.

https://hl7.org/fhir/R4/http.html#mime-type
"""

import gzip
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from fhir_server.app import create_app

FHIR_XML = "application/fhir+xml"
NS = "{http://hl7.org/fhir}"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">HB <b>12.50</b><br/>&#160;g/dL</div>'
OBSERVATION = (
    '<?xml version="1.0" encoding="UTF-8"?><Observation xmlns="http://hl7.org/fhir">'
    f'<text><status value="generated"/>{DIV}</text><status value="final"/>'
    '<code id="k"><coding><system value="http://loinc.org"/><code value="718-7"/></coding></code>'
    '<effectiveDateTime value="2024-05-31"/><valueQuantity><value value="12.50"/>'
    '<unit value="g/dL"/></valueQuantity></Observation>'
)


@pytest.fixture(params=[True, False], ids=["hot", "flask"])
def client(context, request):
    return create_app(context, hot=request.param).test_client()


def send(client, method, url, body, **headers):
    return client.open(url, method=method, data=body, content_type=FHIR_XML, headers=headers)


def tree(response):
    return ET.fromstring(response.data)  # noqa: S314 - our own server's


def test_what_is_created_in_xml_is_read_in_json_and_in_xml(client):
    created = send(client, "POST", "/fhir/Observation", OBSERVATION)
    path = created.headers["Location"].partition("/_history")[0]

    in_json = client.get(path)
    in_xml = client.get(path, headers={"Accept": FHIR_XML})

    assert created.status_code == 201
    assert created.content_type == f"{FHIR_XML}; charset=utf-8"
    assert b'"value":12.50' in in_json.data
    assert in_json.json["text"]["div"] == DIV
    assert in_json.json["code"]["id"] == "k"
    assert in_xml.data == created.data
    assert [child.tag.removeprefix(NS) for child in tree(in_xml)] == [
        "id",
        "meta",
        "text",
        "status",
        "code",
        "effectiveDateTime",
        "valueQuantity",
    ]
    assert DIV.encode() in in_xml.data
    assert in_xml.headers["ETag"] == in_json.headers["ETag"]
    assert "Accept" in in_xml.headers["Vary"]


def test_a_search_answers_a_bundle_in_xml(client):
    send(client, "POST", "/fhir/Observation", OBSERVATION)

    found = client.get("/fhir/Observation?code=http://loinc.org|718-7&_format=xml")

    assert found.status_code == 200
    assert tree(found).tag == f"{NS}Bundle"
    assert tree(found).find(f"{NS}total").get("value") == "1"
    value = tree(found).find(f"{NS}entry/{NS}resource/{NS}Observation/{NS}valueQuantity/{NS}value")
    assert value.get("value") == "12.50"


def test_a_transaction_is_read_and_answered_in_xml(client):
    inner = OBSERVATION.partition("?>")[2]
    bundle = (
        '<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry>'
        f"<fullUrl value='urn:uuid:6b1e0f6e-2f0a-4c6b-9a40-2d1f5d1c8a11'/>"
        f"<resource>{inner}</resource><request><method value='POST'/><url value='Observation'/>"
        "</request></entry></Bundle>"
    )

    answered = send(client, "POST", "/fhir", bundle)

    assert answered.status_code == 200, answered.data
    status = tree(answered).find(f"{NS}entry/{NS}response/{NS}status")
    assert status.get("value").startswith("201")


def test_a_failure_is_an_outcome_in_xml_when_xml_was_asked_for(client):
    for response in (
        client.get("/fhir/Patient/nobody", headers={"Accept": FHIR_XML}),
        client.get("/fhir/Patient/nobody?_format=text/xml"),
        send(client, "POST", "/fhir/Patient", "<Patient>"),
    ):
        assert response.status_code in {400, 404}
        assert tree(response).tag == f"{NS}OperationOutcome"
        assert tree(response).find(f"{NS}issue/{NS}severity").get("value") == "error"


def test_json_may_be_asked_for_what_was_sent_in_xml(client):
    wrong = '<Patient xmlns="http://hl7.org/fhir"><nama value="Siti"/></Patient>'

    response = send(client, "POST", "/fhir/Patient", wrong, Accept="application/fhir+json")

    assert response.status_code == 422
    assert response.json["issue"][0]["expression"] == ["Patient.nama"]


def test_a_fhirpath_patch_is_sent_in_xml(client):
    created = send(client, "POST", "/fhir/Observation", OBSERVATION)
    path = created.headers["Location"].partition("/_history")[0]
    part = '<part><name value="{}"/><value{} value="{}"/></part>'
    patch = (
        '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>'
        + part.format("type", "Code", "replace")
        + part.format("path", "String", "Observation.value.value")
        + part.format("value", "Decimal", "13.10")
        + "</parameter></Parameters>"
    )

    response = send(client, "PATCH", path, patch)

    assert response.status_code == 200, response.data
    assert b'<value value="13.10"/>' in response.data


@pytest.mark.parametrize(
    ("prefer", "tag"),
    [("return=minimal", None), ("return=OperationOutcome", "OperationOutcome")],
)
def test_prefer_is_kept_in_xml(client, prefer, tag):
    response = send(client, "POST", "/fhir/Observation", OBSERVATION, Prefer=prefer)

    assert response.status_code == 201
    assert (tree(response).tag.removeprefix(NS) if response.data else None) == tag


def test_pretty_and_gzip_go_with_xml(client):
    created = send(client, "POST", "/fhir/Observation?_pretty=true", OBSERVATION)
    packed = client.get("/fhir/metadata?_format=xml", headers={"Accept-Encoding": "gzip"})

    assert b'\n  <status value="final"/>\n' in created.data
    assert packed.headers["Content-Encoding"] == "gzip"
    assert ET.fromstring(gzip.decompress(packed.data)).tag.endswith("CapabilityStatement")  # noqa: S314


def test_a_head_in_xml_has_the_length_of_the_get(client):
    got = client.get("/fhir/metadata?_format=xml")
    head = client.head("/fhir/metadata?_format=xml")

    assert head.data == b""
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


def test_the_statement_names_both_formats(client):
    formats = client.get("/fhir/metadata").json["format"]

    assert {"application/fhir+json", "application/fhir+xml", "json", "xml"} == set(formats)


def test_no_script_in_a_narrative_runs_where_xml_is_shown(client):
    response = client.get("/fhir/Patient?_format=xml")

    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE p [<!ENTITY e SYSTEM "file:///etc/passwd">]><Patient '
        'xmlns="http://hl7.org/fhir"><language value="&e;"/></Patient>',
        "<Patient xmlns='http://hl7.org/fhir'>" + "<a>" * 10_000,
        "{}",
    ],
)
def test_hostile_xml_is_400(client, text):
    response = send(client, "POST", "/fhir/Patient", text, Accept="application/json")

    assert response.status_code == 400
    assert "line 1" in response.json["issue"][0]["diagnostics"]


def test_a_body_in_xml_has_a_limit_of_its_own(context):
    settings = replace(context.settings, xml_limit=100)
    client = create_app(replace(context, settings=settings)).test_client()

    refused = send(client, "POST", "/fhir/Observation", OBSERVATION, Accept="application/json")
    as_json = client.post("/fhir/Basic", json={"resourceType": "Basic", "code": {"text": "x" * 99}})

    assert refused.status_code == 413
    assert "100 bytes" in refused.json["issue"][0]["diagnostics"]
    assert as_json.status_code == 201


def test_a_search_by_form_may_name_the_format_there(client):
    form = {"_format": "xml", "_count": "1"}

    said = client.post("/fhir/Patient/_search", data=form, headers={"Accept": "*/*"})

    assert said.status_code == 200
    assert said.content_type.startswith(FHIR_XML)
    assert tree(said).tag == f"{NS}Bundle"
    refused = client.post("/fhir/Patient/_search", data={"_format": "turtle"})
    assert refused.status_code == 406
