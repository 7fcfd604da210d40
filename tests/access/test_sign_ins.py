"""Who asked for a token, and what came of it, stands in the audit trail (R4 AuditEvent, DICOM)."""

from __future__ import annotations

import pytest

from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.validate import validate
from tests.access.conftest import SECRET

DICOM = "http://dicom.nema.org/resources/ontology/DCM"
HOSPITAL = {"organization": "Organization/rs-a", "reach": "referrals"}


@pytest.fixture
def app(caller):
    """An application without limits, which reads the trail."""
    return caller("app")


def events(app):
    said = app("GET", f"AuditEvent?type={DICOM}|110114&_sort=date&_count=100").json
    return [each["resource"] for each in said.get("entry", ())]


def of(app, name):
    return [each for each in events(app) if each["agent"][0]["who"]["identifier"]["value"] == name]


def details(event):
    listed = event["entity"][0].get("detail", ())
    return {each["type"]: each["valueString"] for each in listed}


def test_a_token_that_is_given_out_is_recorded(app, caller):
    caller("rs-a", **HOSPITAL)

    (event,) = of(app, "rs-a")

    assert event["subtype"] == [{"system": DICOM, "code": "110122", "display": "Login"}]
    assert (event["action"], event["outcome"]) == ("E", "0")
    assert event["agent"][-1]["who"] == {"reference": "Organization/rs-a"}
    assert event["entity"][0]["what"] == {"display": "/oauth2/token"}
    assert details(event) == {"scope": "system/*.cruds", "expires_in": "900"}


def test_a_token_that_is_refused_is_recorded_with_who_said_to_ask(app, http):
    for client, secret in (("app", "wrong"), ("nobody", SECRET)):
        form = {"grant_type": "client_credentials"}
        assert http.post("/oauth2/token", data=form, auth=(client, secret)).status_code == 401
    assert http.post("/oauth2/token", data={"grant_type": "password"}).status_code == 400

    refused = [each for each in events(app) if each["outcome"] != "0"]

    who = [each["agent"][0]["who"]["identifier"]["value"] for each in refused]
    assert who == ["app", "nobody", "unknown"]
    assert [each["outcomeDesc"] for each in refused] == ["HTTP 401", "HTTP 401", "HTTP 400"]
    errors = [details(each)["error"] for each in refused]
    assert errors == ["invalid_client", "invalid_client", "unsupported_grant_type"]


def test_looking_into_a_token_and_giving_it_back_are_recorded(app, caller, http):
    token = caller("rs-a", **HOSPITAL).headers["Authorization"].partition(" ")[2]
    for path in ("introspect", "revoke"):
        said = http.post(f"/oauth2/{path}", data={"token": token}, auth=("rs-a", SECRET))
        assert said.status_code == 200

    shown = [each["subtype"][0]["display"] for each in of(app, "rs-a")]

    assert shown == ["Login", "introspect", "Logout"]
    assert details(of(app, "rs-a")[1])["active"] == "True"


def test_no_secret_and_no_token_is_in_what_is_recorded(app, caller, http):
    token = caller("rs-a", **HOSPITAL).headers["Authorization"].partition(" ")[2]
    http.post("/oauth2/introspect", data={"token": token}, auth=("rs-a", SECRET))

    said = app("GET", "AuditEvent?_count=100").text

    assert SECRET not in said
    assert token not in said
    assert token.rpartition(".")[2] not in said


def test_what_is_recorded_is_valid_r4(app, http):
    http.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=("x", "y"))

    for each in events(app):
        assert validate(each, load_definitions()) == []
