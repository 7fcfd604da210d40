"""Whatever is sent to any door: no 5xx, and a refused request changes nothing."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pymongo
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples

from fhir_server.app import create_app
from tests.access.conftest import caller, http  # noqa: F401 - fixtures
from tests.support.fhir import patient
from tests.support.hostile_http import SETTINGS, Door, requests

EACH = 80


@pytest.fixture
def settings(settings):
    return replace(settings, **SETTINGS)


@pytest.fixture
def door(context, mongodb_uri):
    with closing(pymongo.MongoClient(mongodb_uri)) as database:
        client = create_app(context).test_client()
        assert client.put("/fhir/Patient/x", json=patient(id="x")).status_code == 201
        yield Door(client, database[context.settings.mongodb_database])


@pytest.mark.parametrize("has_clients", [False, True])
def test_no_request_is_a_bug_or_leaves_a_trace(door, request, has_clients):
    if has_clients:
        request.getfixturevalue("caller")("rsud")

    @examples(max_examples=EACH, database=None, suppress_health_check=list(HealthCheck))
    @given(requests)
    def send(what):
        door.send(what)

    send()

    assert len(door.answered) > 2
