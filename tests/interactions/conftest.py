"""A server without HTTP: ``ask`` answers requests against a real database."""

import uuid
from datetime import UTC, datetime

import pytest

from fhir_server.auth.principals import OPERATOR
from fhir_server.config import CANONICAL
from fhir_server.context import Context
from fhir_server.mappings.rules import load_rules
from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.profiles import load_profiles
from fhir_server.search.parameters import load_parameters
from tests.support.fhir import BASE, Server, bundle


@pytest.fixture(scope="session")
def definitions():
    return load_definitions()


@pytest.fixture(scope="session")
def parameters(definitions):
    own = [each for each in load_profiles(CANONICAL) if each["resourceType"] == "SearchParameter"]
    return load_parameters(definitions, extra=own, base_url=BASE)


@pytest.fixture
def context(settings, store, definitions, parameters):
    return Context(
        settings=settings,
        definitions=definitions,
        parameters=parameters,
        rules=load_rules(parameters, settings),
        store=store,
        principal=OPERATOR,
        clock=lambda: datetime.now(UTC),
        new_id=lambda: str(uuid.uuid4()),
    )


@pytest.fixture
def ask(context):
    return Server(context)


@pytest.fixture
def transact(ask):
    """Post a transaction made of (method, url, resource, request elements)."""

    def post(*entries, **headers):
        return ask("POST", "", bundle("transaction", *entries), **headers)

    return post
