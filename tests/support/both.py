"""One server, both its APIs: ``sop`` in the words of the puskesmas, ``fhir`` for everybody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Said:
    """What an API answered."""

    status: int
    json: Any
    headers: Any

    @property
    def issues(self):
        return self.json["issue"]


class Caller:
    """Asks one of the two APIs."""

    def __init__(self, client, base, content_type):
        self._client, self._base, self._type = client, base, content_type

    def __call__(self, method, path, body=None, **headers):
        url = self._base if not path else f"{self._base}/{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        said = self._client.open(
            url, method=method, json=body, content_type=self._type, headers=named
        )
        return Said(said.status_code, said.get_json(force=True, silent=True), said.headers)

    def made(self, path, body, **headers):
        """POST what must be accepted; give what was stored."""
        said = self("POST", path, body, **headers)
        assert said.status == 201, said.json
        return said.json

    def kept(self, path, body, **headers):
        """PUT what must be accepted; give what was stored."""
        said = self("PUT", path, body, **headers)
        assert said.status in {200, 201}, said.json
        return said.json

    def read(self, path):
        """GET what must be there."""
        said = self("GET", path)
        assert said.status == 200, said.json
        return said.json


@pytest.fixture
def client(context):
    """Speak HTTP with a whole server."""
    from fhir_server.app import create_app  # noqa: PLC0415 - the parts, only where asked for

    return create_app(context).test_client()


@pytest.fixture
def sop(client):
    return Caller(client, "/sop/v1", "application/json")


@pytest.fixture
def fhir(client):
    return Caller(client, "/fhir", "application/fhir+json")
