"""People sign in at an OpenID provider of its own process; keys of clients lie at an address.

https://openid.net/specs/openid-connect-core-1_0.html, RFC 7662, RFC 7009
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import secrets
import subprocess
import sys
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from fhir_server.access import registry
from fhir_server.access.registry import write
from fhir_server.app import create_app
from fhir_server.auth import fetching, keys
from fhir_server.auth.assertions import TYPE
from fhir_server.auth.clients import Client
from fhir_server.auth.scopes import ALL
from tests.access.conftest import SECRET
from tests.access.leaks.asking import stored
from tests.access.leaks.world import VILLAGES, World, _directory
from tests.access.test_roles import patient

ROOT = Path(__file__).parents[2]
WHOLE = "openid fhirUser user/*.cruds"


@pytest.fixture(scope="module")
def provider():
    """Start the provider; give its address."""
    command = [sys.executable, "-m", "tests.support.provider"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.fixture
def settings(settings, provider):
    host = urlsplit(provider).netloc
    return dataclasses.replace(settings, oidc_issuer=provider, key_hosts=host)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(registry, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(keys, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(fetching, "SECONDS", 120.0)


@pytest.fixture
def http(context):
    world = World(datetime.now(UTC))
    _directory(world)
    patient(world, "siti", VILLAGES[0])
    patient(world, "dewi", VILLAGES[1])
    stored(context, world.resources.values())
    return create_app(context).test_client()


def signed_in(provider, name, scope=WHOLE, **claims):
    """Sign in by the authorization code flow; give the access token."""
    asked = {"response_type": "code", "client_id": "konsol", "redirect_uri": "http://app.example/"}
    asked |= {"scope": scope, "state": "s", "login_hint": name, "claims": json.dumps(claims)}
    there = requests.get(
        f"{provider}/authorize?{urlencode(asked)}", allow_redirects=False, timeout=120
    )
    back = dict(parse_qsl(urlsplit(there.headers["Location"]).query))
    assert back["state"] == "s"
    form = {"grant_type": "authorization_code", "code": back["code"]}
    return requests.post(f"{provider}/token", data=form, timeout=120).json()["access_token"]


def asks(http, token, url="Patient"):
    return http.get(f"/fhir/{url}", headers={"Authorization": f"Bearer {token}"})


def ids(said):
    assert said.status_code == 200, said.text
    return sorted(each["resource"]["id"] for each in said.json.get("entry", ()))


def test_who_signs_in_asks_as_the_role_that_the_puskesmas_gave(http, provider):
    assert asks(http, "").status_code == 401
    assert ids(asks(http, signed_in(provider, "bidan"))) == ["siti"]
    assert ids(asks(http, signed_in(provider, "dokter"))) == ["dewi", "siti"]
    assert ids(asks(http, signed_in(provider, "tamu"))) == []


def test_scopes_of_the_token_bound_what_the_role_opens(http, provider):
    token = signed_in(provider, "dokter", "openid user/Condition.rs")

    assert asks(http, token).status_code == 403
    assert ids(asks(http, token, "Condition")) == ["dewi", "siti"]
    assert asks(http, signed_in(provider, "dokter", "openid")).status_code == 403
    assert asks(http, signed_in(provider, "dokter", "system/*.cruds")).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-app"},
        {"exp": int(time.time()) - 3600},
        {"nbf": int(time.time()) + 3600},
        {"fhirUser": "https://elsewhere.example/fhir/Practitioner/bidan"},
        {"fhirUser": "Patient/siti"},
        {"fhirUser": None},
    ],
)
def test_a_token_that_is_not_meant_for_us_is_refused(http, provider, claims):
    assert asks(http, signed_in(provider, "bidan", **claims)).status_code == 401


def test_what_another_has_signed_is_refused(http, provider):
    now = int(time.time())
    claims = {
        "iss": provider,
        "aud": "fhir-server",
        "exp": now + 60,
        "fhirUser": "Practitioner/bidan",
    }
    key = ECKey.generate_key("P-384")

    forged = jwt.encode({"alg": "ES384"}, {**claims, "scope": WHOLE}, key, algorithms=["ES384"])

    assert asks(http, forged).status_code == 401


def test_a_new_key_of_the_provider_is_found(http, provider):
    assert asks(http, signed_in(provider, "bidan")).status_code == 200

    requests.post(f"{provider}/rotate", timeout=120)

    assert asks(http, signed_in(provider, "bidan")).status_code == 200


def test_keys_are_fetched_once_for_many_requests(http, provider):
    token = signed_in(provider, "bidan")
    assert asks(http, token).status_code == 200
    before = requests.get(f"{provider}/asked", timeout=120).json()

    for _ in range(5):
        assert asks(http, token).status_code == 200

    assert requests.get(f"{provider}/asked", timeout=120).json() == before


def test_smart_says_where_people_sign_in(http, provider):
    said = http.get("/fhir/.well-known/smart-configuration").json

    assert said["issuer"] == provider
    assert said["authorization_endpoint"] == f"{provider}/authorize"
    assert said["introspection_endpoint"].endswith("/oauth2/introspect")
    assert {"launch-standalone", "client-public", "permission-user"} <= {*said["capabilities"]}
    assert "authorization_code" in said["grant_types_supported"]


@pytest.fixture
def launched(http, provider):
    """Launch an app by what SMART's configuration says; give its code and verifier."""

    def launch(name="bidan"):
        found = http.get("/fhir/.well-known/smart-configuration").json
        assert found["code_challenge_methods_supported"] == ["S256"]
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {"response_type": "code", "client_id": "konsol", "scope": WHOLE, "state": "s"}
        asked |= {"redirect_uri": "http://app.example/", "aud": "http://localhost/fhir"}
        asked |= {"code_challenge_method": "S256", "login_hint": name}
        asked["code_challenge"] = urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert found["authorization_endpoint"].startswith(provider)
        url = f"{found['authorization_endpoint']}?{urlencode(asked)}"
        there = requests.get(url, allow_redirects=False, timeout=120)
        code = dict(parse_qsl(urlsplit(there.headers["Location"]).query))["code"]
        return urlsplit(found["token_endpoint"]).path, code, verifier

    return launch


def exchange(http, endpoint, **form):
    whole = {"grant_type": "authorization_code", "client_id": "konsol"}
    return http.post(endpoint, data={**whole, "redirect_uri": "http://app.example/", **form})


def test_an_app_is_launched_by_what_smart_says(http, launched):
    """Standalone launch of a public app: discovery, code with PKCE, token, request."""
    endpoint, code, verifier = launched()

    said = exchange(http, endpoint, code=code, code_verifier=verifier)

    assert said.status_code == 200, said.text
    assert said.headers["Cache-Control"] == "no-store"
    claims = json.loads(urlsafe_b64decode(said.json["id_token"].split(".")[1] + "=="))
    assert claims["fhirUser"] == "Practitioner/bidan"
    assert ids(asks(http, said.json["access_token"])) == ["siti"]


def test_a_code_is_good_once_and_for_who_began_with_it(http, launched):
    endpoint, code, verifier = launched()
    other_endpoint, other, _ = launched()

    stolen = exchange(http, other_endpoint, code=other, code_verifier=verifier)
    unproved = exchange(http, endpoint, code=code)
    first, second = (exchange(http, endpoint, code=code, code_verifier=verifier) for _ in "ab")

    assert (stolen.status_code, stolen.json["error"]) == (400, "invalid_grant")
    assert (unproved.status_code, unproved.json["error"]) == (400, "invalid_request")
    assert (first.status_code, second.status_code) == (200, 400)


def test_a_provider_that_is_away_is_said(http, launched, monkeypatch):
    endpoint, code, verifier = launched()

    def away(*_):
        raise fetching.Unfetched("away")

    monkeypatch.setattr(fetching, "posted", away)
    said = exchange(http, endpoint, code=code, code_verifier=verifier)

    assert (said.status_code, said.json["error"]) == (503, "temporarily_unavailable")
    assert said.headers["Retry-After"] == "5"


def test_the_sop_api_is_not_for_who_sees_parts(http, provider):
    token = {"Authorization": f"Bearer {signed_in(provider, 'kader')}"}

    assert http.get("/sop/v1/pasien", headers=token).status_code == 403


def test_keys_of_a_client_lie_where_it_publishes_them(context, http, provider):
    """``private_key_jwt`` with a JWKS by URL; a new key is found at once."""
    client = Client("rs-b", frozenset({ALL}), datetime.now(UTC), jwks_url=f"{provider}/published")
    context.store.clients.add(write(client))
    endpoint = http.get("/fhir/.well-known/smart-configuration").json["token_endpoint"]

    for number in range(2):
        key = ECKey.generate_key("P-384", {"kid": f"k{number}"})
        public = json.dumps(KeySet([key]).as_dict(private=False))
        requests.post(f"{provider}/publish", data=public, timeout=120)
        claims = {"iss": "rs-b", "sub": "rs-b", "aud": endpoint, "jti": f"{number}"}
        claims["exp"] = int(time.time()) + 60
        head = {"alg": "ES384", "kid": f"k{number}"}
        form = {"grant_type": "client_credentials", "client_assertion_type": TYPE}
        form["client_assertion"] = jwt.encode(head, claims, key, algorithms=["ES384"])
        assert http.post("/oauth2/token", data=form).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/jwks",
        "https://127.0.0.1/jwks",
        "https://10.0.0.1/jwks",
        "https://[::1]/jwks",
        "https://169.254.169.254/latest",
        "http://example.com/jwks",
        "file:///etc/hostname",
        "https://user:word@example.com/jwks",
    ],
)
def test_keys_are_fetched_from_nowhere_inside(url):
    """SSRF: neither loopback, nor private networks, nor other schemes, unless the operator says."""
    with pytest.raises(fetching.Unfetched):
        fetching.document(url, "")


# tokens given back, and what they are worth


@pytest.fixture
def token_of(http, caller):
    assert http

    def get(name, **given):
        return caller(name, **given).headers["Authorization"].partition(" ")[2]

    return get


def told(http, path, token, client="app"):
    return http.post(f"/oauth2/{path}", data={"token": token}, auth=(client, SECRET))


def test_a_client_learns_what_its_token_is_worth(http, token_of):
    """RFC 7662: active, and whose; to a stranger no token is active."""
    hospital = token_of("rs-a", organization="Organization/rs-a", reach="referrals")
    token_of("app")
    token_of("rs-b", organization="Organization/rs-b", reach="referrals")

    said = told(http, "introspect", hospital, "rs-a").json
    assert (said["active"], said["client_id"], said["scope"]) == (True, "rs-a", ALL)
    assert said["organization"] == "Organization/rs-a"
    assert told(http, "introspect", hospital, "app").json["active"] is True
    assert told(http, "introspect", hospital, "rs-b").json == {"active": False}
    assert told(http, "introspect", "x", "app").json == {"active": False}
    assert http.post("/oauth2/introspect", data={"token": hospital}).status_code == 401


def test_a_token_that_is_given_back_is_good_no_more(http, token_of):
    """RFC 7009: only its own client gives it back; what is no token is no error."""
    mine = token_of("app")
    token_of("other", organization="Organization/rs-b", reach="referrals")

    assert told(http, "revoke", mine, "other").status_code == 200
    assert asks(http, mine).status_code == 200
    assert told(http, "revoke", mine).status_code == 200
    assert asks(http, mine).status_code == 401
    assert told(http, "introspect", mine).json == {"active": False}
    assert told(http, "revoke", "x").status_code == 200
