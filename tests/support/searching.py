"""Search on its own: parameters of R4, documents in, what is asked out."""

from __future__ import annotations

from urllib.parse import parse_qsl

import orjson
import pytest

from fhir_server.config import Settings
from fhir_server.resources import wire
from fhir_server.resources.definitions import load_definitions
from fhir_server.search.compile import compile  # noqa: A004 - the name of what it does
from fhir_server.search.index import index
from fhir_server.search.parameters import load_parameters
from fhir_server.search.query import parse
from fhir_server.store.ops import Put


class Searching:
    """What the tests do with one set of parameters."""

    def __init__(self, parameters):
        self.parameters = parameters

    def query(self, url, **options):
        """Parse ``Patient?name=x``."""
        resource_type, _, query = url.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        return parse(resource_type, pairs, self.parameters, **options)

    def plan(self, url, settings=None, **options):
        """Compile ``Patient?name=x``."""
        query = self.query(url, **options)
        return compile(query, self.parameters, settings or Settings())

    def index(self, document):
        """Index one document."""
        return index(document, self.parameters)

    def put(self, document):
        """Make the write of one document."""
        text = wire.text(orjson.dumps(document), document["id"])
        return Put(document["resourceType"], document["id"], text, self.index(document))


@pytest.fixture(scope="session")
def searching():
    """Search with the parameters of R4, this server being https://here.example/fhir."""
    return Searching(load_parameters(load_definitions(), base_url="https://here.example/fhir"))
