"""Asking a server without HTTP, and making what to ask it."""

import base64
import dataclasses
from http import HTTPStatus

import orjson

from fhir_server.errors import FhirError
from fhir_server.interactions.request import Request
from fhir_server.interactions.routes import answer

BASE = "https://puskesmas.example/fhir"


@dataclasses.dataclass
class Said:
    """An answer or a refusal, with its body parsed."""

    status: int
    raw: bytes
    headers: dict
    error: FhirError | None = None

    @property
    def json(self):
        return orjson.loads(self.raw)

    @property
    def issues(self):
        return self.error.issues if self.error else ()

    @property
    def entries(self):
        return self.json.get("entry", [])

    @property
    def links(self):
        return {link["relation"]: link["url"] for link in self.json.get("link", [])}


class Server:
    """Asks for one interaction after another."""

    def __init__(self, context):
        self.context = context

    def __call__(self, method, url, body=b"", **headers):
        path, _, query = url.removeprefix(BASE).removeprefix("/").partition("?")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        request = Request(method, path, BASE, query, named, raw)
        try:
            said = answer(self.context, request)
        except FhirError as error:
            return Said(error.status, b"", {}, error)
        assert said.status in {each.value for each in HTTPStatus}
        return Said(said.status, said.body, dict(said.headers))

    def count(self, resource_type, query=""):
        return self("GET", f"{resource_type}?_summary=count&{query}").json["total"]


def entry(method, url, resource=None, full_url=None, **request):
    """Make one Bundle entry."""
    made = {"request": {"method": method, "url": url, **request}}
    if full_url is not None:
        made["fullUrl"] = full_url
    if resource is not None:
        made["resource"] = resource
    return made


def bundle(kind, *entries):
    """Make a Bundle to post."""
    made = {"resourceType": "Bundle", "type": kind}
    return made | ({"entry": list(entries)} if entries else {})


def json_patch(*operations):
    """Make a JSON Patch of (op, path, value) as a Bundle carries it."""
    made = [dict(zip(("op", "path", "value"), each, strict=False)) for each in operations]
    data = base64.b64encode(orjson.dumps(made)).decode()
    return {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}


def patient(**elements):
    """Make a Patient."""
    return {"resourceType": "Patient", **elements}
