"""Nobody is answered without a token once a client is registered; a token is what it says.

https://hl7.org/fhir/smart-app-launch/backend-services.html
"""

import json
import time
from datetime import UTC, datetime

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from fhir_server.access import registry
from fhir_server.access.registry import write
from fhir_server.auth.assertions import TYPE
from fhir_server.auth.clients import Client
from fhir_server.auth.scopes import ALL
from tests.access.conftest import SECRET

ASKING = {"grant_type": "client_credentials"}
PATIENT = {"resourceType": "Patient", "id": "siti"}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(registry, "FRESH_SECONDS", 0.0)


def test_without_clients_the_loopback_is_the_operator(http):
    assert http.put("/fhir/Patient/siti", json=PATIENT).status_code == 201


@pytest.mark.parametrize("path", ["/fhir/Patient/siti", "/fhir", "/sop/v1/pasien", "/fhir/$export"])
def test_nothing_is_answered_without_a_token(http, caller, path):
    caller("app")

    said = http.get(path)

    assert said.status_code == 401
    assert said.headers["WWW-Authenticate"] == "Bearer"
    assert said.json["issue"][0]["code"] == "login"


@pytest.mark.parametrize(
    "path", ["/fhir/metadata", "/health", "/fhir/.well-known/smart-configuration"]
)
def test_how_to_get_in_is_said_to_everybody(http, caller, path):
    caller("app")

    assert http.get(path).status_code == 200


def test_smart_finds_the_token_endpoint(http):
    said = http.get("/fhir/.well-known/smart-configuration").json

    assert said["token_endpoint"].endswith("/oauth2/token")
    assert "private_key_jwt" in said["token_endpoint_auth_methods_supported"]


def test_a_token_opens_both_apis(http, caller):
    app = caller("app")

    assert app("PUT", "Patient/siti", PATIENT).status_code == 201
    assert http.get("/sop/v1/pasien", headers=app.headers).status_code == 200


@pytest.mark.parametrize(
    "token",
    ["", "x", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhcHAiLCJzY29wZSI6InN5c3RlbS8qLmNydWRzIn0."],
)
def test_what_is_no_token_of_ours_is_refused(http, caller, token):
    caller("app")

    said = http.get("/fhir/Patient/siti", headers={"Authorization": f"Bearer {token}"})

    assert said.status_code == 401


def test_a_changed_token_is_refused(http, caller):
    app = caller("app")
    token = app.headers["Authorization"]
    body = token.split(".")[1]
    forged = token.replace(body, body[:-2] + ("A" if body[-2] != "A" else "B") + body[-1])

    assert http.get("/fhir/Patient/x", headers={"Authorization": forged}).status_code == 401


def test_a_revoked_client_is_out(context, caller):
    app = caller("app")
    assert app("GET", "Patient").status_code == 200

    context.store.clients.change("app", {"revoked": datetime.now(UTC)})

    assert app("GET", "Patient").status_code == 401


@pytest.mark.parametrize(
    ("form", "auth", "error"),
    [
        ({"grant_type": "password"}, ("app", SECRET), "unsupported_grant_type"),
        (ASKING, ("app", "wrong"), "invalid_client"),
        (ASKING, ("nobody", SECRET), "invalid_client"),
        (ASKING, None, "invalid_client"),
        (ASKING | {"scope": "system/Patient.cruds"}, ("app", SECRET), "invalid_scope"),
        (ASKING | {"scope": "user/Patient.r"}, ("app", SECRET), "invalid_scope"),
    ],
)
def test_the_token_endpoint_says_no_as_rfc_6749_has_it(http, caller, form, auth, error):
    caller("app", scopes=["system/Patient.rs"])

    said = http.post("/oauth2/token", data=form, auth=auth)

    assert said.json["error"] == error
    assert said.status_code == (401 if error == "invalid_client" else 400)
    assert said.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "url", "body", "status"),
    [
        ("GET", "Patient/siti", None, 200),
        ("GET", "Patient", None, 200),
        ("PUT", "Patient/siti", PATIENT | {"active": True}, 403),
        ("POST", "Patient", {"resourceType": "Patient"}, 403),
        ("DELETE", "Patient/siti", None, 403),
        ("GET", "Observation", None, 403),
        ("GET", "Patient?_has:Observation:patient:code=x", None, 403),
        ("GET", "Patient/_history", None, 200),
        ("GET", "_history", None, 403),
        ("POST", "$reindex", {"resourceType": "Parameters"}, 403),
    ],
)
def test_a_scope_is_what_may_be_done(caller, method, url, body, status):
    caller("operator")("PUT", "Patient/siti", PATIENT)
    reader = caller("reader", scopes=["system/Patient.rs"])

    assert reader(method, url, body).status_code == status


def test_a_transaction_needs_the_scope_of_each_entry(caller):
    writer = caller("writer", scopes=["system/Patient.cud"])
    entry = {"resource": {"resourceType": "Basic", "code": {"text": "x"}}}
    entry["request"] = {"method": "POST", "url": "Basic"}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}

    assert writer("POST", "", bundle).status_code == 403


@pytest.mark.parametrize("key", [RSAKey.generate_key(2048), ECKey.generate_key("P-384")])
def test_a_signed_assertion_proves_a_client_once(context, http, key):
    algorithm = "ES384" if isinstance(key, ECKey) else "RS384"
    public = KeySet([key]).as_dict(private=False)
    client = Client("rs-b", frozenset({ALL}), datetime.now(UTC), jwks=public)
    context.store.clients.add(write(client))
    endpoint = http.get("/fhir/.well-known/smart-configuration").json["token_endpoint"]
    soon = int(time.time()) + 60
    claims = {"iss": "rs-b", "sub": "rs-b", "aud": endpoint, "jti": "1", "exp": soon}

    def ask(**other):
        signed = jwt.encode({"alg": algorithm}, claims | other, key, algorithms=[algorithm])
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": signed,
        }
        return http.post("/oauth2/token", data=form).status_code

    assert ask() == 200
    assert ask() == 401
    assert ask(jti="2", aud="https://elsewhere.example/token") == 401
    assert ask(jti="3", exp=int(time.time()) - 100) == 401
    assert ask(jti="4", exp=int(time.time()) + 4000) == 401
    assert ask(jti="5", sub="rs-a") == 401
    assert ask(jti="6") == 200
    assert json.dumps(public).count('"d"') == 0
