"""A server with clients: each asks with a token of its own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fhir_server.access.registry import write
from fhir_server.app import create_app
from fhir_server.auth.clients import Client, digest_of
from fhir_server.auth.scopes import ALL

SECRET = "a-secret-of-the-tests"  # noqa: S105


class Caller:
    """One client of the server."""

    def __init__(self, http, client_id):
        self.http = http
        self.id = client_id
        form = {"grant_type": "client_credentials"}
        said = http.post("/oauth2/token", data=form, auth=(client_id, SECRET))
        assert said.status_code == 200, said.data
        self.headers = {"Authorization": f"Bearer {said.json['access_token']}"}

    def __call__(self, method, url, body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.open(
            f"/fhir/{url}", method=method, json=body, headers=self.headers | named
        )

    def ids(self, url):
        said = self("GET", url)
        assert said.status_code == 200, said.data
        return sorted(
            f"{each['resource']['resourceType']}/{each['resource']['id']}"
            for each in said.json.get("entry", ())
        )


@pytest.fixture
def http(context):
    return create_app(context).test_client()


@pytest.fixture
def caller(context, http):
    """Register a client and give it a token."""

    def register(client_id, scopes=(ALL,), **given):
        made = Client(
            client_id,
            frozenset(scopes),
            datetime.now(UTC),
            digest=digest_of(SECRET),
            **given,
        )
        context.store.clients.add(write(made))
        return Caller(http, client_id)

    return register
