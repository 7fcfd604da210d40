"""Long work without HTTP: ask for it, let a worker do it, fetch what came out."""

import dataclasses

import orjson
import pytest

from fhir_server import worker
from fhir_server.errors import FhirError
from fhir_server.interactions.request import Request
from fhir_server.operations import answer
from tests.support.fhir import BASE, Said

ASYNC = {"prefer": "respond-async"}


class Client:
    """Asks operations and interactions; a streamed body is read to its end."""

    def __init__(self, context):
        self.context = context

    def __call__(self, method, url, body=b"", **headers):
        path, _, query = url.removeprefix(f"{BASE}/").partition("?")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        try:
            said = answer(self.context, Request(method, path, BASE, query, named, raw))
        except FhirError as error:
            return Said(error.status, b"", {}, error)
        raw = said.body if said.parts is None else b"".join(said.parts)
        return Said(said.status, raw, dict(said.headers))

    def put(self, resource):
        said = self("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
        assert said.status in {200, 201}, said.issues

    def delete(self, reference):
        assert self("DELETE", reference).status == 204

    def asked(self, url, body=b"", *, method=None, **headers):
        """Kick off long work, and give the address of the job."""
        said = self(method or ("POST" if body else "GET"), url, body, **ASYNC, **headers)
        assert said.status == 202, said.issues
        return said.headers["Content-Location"]

    def work(self):
        """Do all jobs there are."""
        while worker.run_jobs(self.context):
            pass

    def done(self, url, body=b"", **headers):
        """Kick off long work, do it, and give the manifest."""
        where = self.asked(url, body, **headers)
        self.work()
        said = self("GET", where)
        assert said.status == 200, said.raw
        return said.json

    def lines(self, manifest, part="output"):
        """Give all resources of a manifest, and hold its counts against them."""
        found = []
        for each in manifest[part]:
            lines = self("GET", each["url"]).raw.splitlines()
            assert len(lines) == each["count"]
            found += [orjson.loads(line) for line in lines]
        return found

    def names(self, manifest, part="output"):
        """Give ``Type/id`` of all resources of a manifest, sorted."""
        found = self.lines(manifest, part)
        return sorted(f"{each['resourceType']}/{each['id']}" for each in found)


@pytest.fixture
def client(context):
    return Client(context)


@pytest.fixture
def limited(context):
    """Make a client of the same database under other settings."""

    def make(**settings):
        given = dataclasses.replace(context.settings, **settings)
        return Client(dataclasses.replace(context, settings=given))

    return make
