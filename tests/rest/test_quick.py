"""What is answered in turn: which requests, and that none of them blocks the others."""

import io
import json
import threading

import pytest
from pymongo.monitoring import CommandListener

from fhir_server import app as application
from fhir_server.rest.quick import SHORT, is_quick
from fhir_server.store.mongo import connect
from fhir_server.waiting import Turns
from tests.support.processes import until

JSON = "application/fhir+json"
PATIENT = {"resourceType": "Patient", "name": [{"family": "Wulandari", "given": ["Sri"]}]}
OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    "effectiveDateTime": "2026-05-04",
}


def environ(method, target, body=b"", **headers):
    path, _, query = target.partition("?")
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        **({"CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(len(body))} if body else {}),
        **headers,
    }


class Threads(CommandListener):
    """Keeps from which thread each command was sent."""

    def __init__(self):
        self.commands = []

    def started(self, event):
        self.commands.append((threading.get_ident(), event.command_name))

    def succeeded(self, event):
        """Nothing is kept of it."""

    def failed(self, event):
        """Nothing is kept of it."""


@pytest.fixture
def threads():
    return Threads()


@pytest.fixture
def ask(settings, mongodb_uri, threads, monkeypatch):
    """Ask in turn: gives status, answer, and the thread in which turns are taken."""
    made = connect(mongodb_uri, settings, listeners=(threads,))
    monkeypatch.setattr(application, "connect", lambda *_: made)
    context = application.build_context(settings, mongodb_uri)
    app, turns = application.create_app(context), Turns()

    def answered(method, target, document=None, **headers):
        body = json.dumps(document).encode() if document else b""
        given = environ(method, target, body, **headers)
        assert is_quick(given), target
        said = []

        def run():
            try:
                parts = app(given, lambda status, *_: said.append(int(status[:3])))
                said.append(b"".join(parts))
            finally:
                said.append(threading.get_ident())

        turns.run(run)
        until(lambda: said and said[-1] is not None and len(said) == 3)
        return said[0], json.loads(said[1]) if said[1] else None, said[2]

    yield answered
    context.store.close()


def test_nothing_asks_the_database_in_the_thread_that_others_wait_for(ask, threads):
    _, patient, turn = ask("POST", "/fhir/Patient", PATIENT)
    where = f"/fhir/Patient/{patient['id']}"
    about = {**OBSERVATION, "subject": {"reference": where.removeprefix("/fhir/")}}
    statuses = [
        ask("GET", where)[0],
        ask("PUT", where, {**patient, "active": True})[0],
        ask("PUT", where, {**patient, "active": False}, HTTP_IF_MATCH='W/"1"')[0],
        ask("GET", "/fhir/Patient/never")[0],
        ask("POST", "/fhir/Patient", {**PATIENT, "nonsense": 1})[0],
        ask("POST", "/fhir/Observation", about)[0],
        *(ask("GET", f"/fhir/Patient?family=wulan&_sort=-{name}")[0] for name in ("_id", "name")),
        ask("GET", "/fhir/Observation?subject.family=wulan&code=8867-4&_count=50")[0],
        ask("GET", "/fhir/Patient?colour=blue")[0],
        ask("GET", "/fhir/Patient")[0],
    ]

    assert statuses == [200, 200, 412, 404, 422, 201, 200, 200, 200, 200, 200]
    assert {name for _, name in threads.commands} >= {"insert", "find", "aggregate"}
    assert [name for thread, name in threads.commands if thread == turn] == []


@pytest.mark.parametrize(
    ("method", "target", "document", "headers"),
    [
        ("GET", "/fhir/Patient/a?_format=xml", None, {}),
        ("GET", "/fhir/Patient/a", None, {"HTTP_ACCEPT": "application/fhir+xml"}),
        ("GET", "/fhir/Patient/a/$everything", None, {}),
        ("GET", "/fhir/Patient/a/_history", None, {}),
        ("GET", "/fhir/_history", None, {}),
        ("GET", "/fhir/metadata", None, {}),
        ("GET", "/fhir/Binary/a", None, {}),
        ("GET", "/fhir/Patient?_count=51", None, {}),
        ("GET", "/fhir/Patient?_count=00005000", None, {}),
        ("GET", "/fhir/Patient?_count=٣", None, {}),
        ("GET", "/fhir/Patient?_include=Patient:organization", None, {}),
        ("GET", "/fhir/Patient?_has:Observation:patient:code=8867-4", None, {}),
        ("GET", "/fhir/Observation?code:in=http://a", None, {}),
        ("GET", "/fhir/Observation?code%3Ain=http://a", None, {}),
        ("GET", "/fhir/Patient?family=wulan&_total=accurate", None, {}),
        ("GET", "/fhir/Patient?family=wulan&_page=a", None, {}),
        ("GET", "/sop/v1/pasien/a", None, {}),
        ("GET", "/health/ready", None, {}),
        ("POST", "/fhir", {"resourceType": "Bundle"}, {}),
        ("POST", "/fhir/Patient/_search", {}, {}),
        ("POST", "/fhir/Patient/$validate", PATIENT, {}),
        ("POST", "/fhir/Patient", PATIENT, {"HTTP_IF_NONE_EXIST": "identifier=1"}),
        ("POST", "/fhir/Patient", PATIENT, {"HTTP_X_PROVENANCE": "{}"}),
        ("POST", "/fhir/Patient", PATIENT, {"HTTP_CONTENT_ENCODING": "gzip"}),
        ("POST", "/fhir/Patient", {**PATIENT, "meta": {"profile": ["http://a"]}}, {}),
        ("POST", "/fhir/Patient", {**PATIENT, "language": "x" * SHORT}, {}),
        ("POST", "/fhir/Subscription", {"resourceType": "Subscription"}, {}),
        ("PUT", "/fhir/Patient?identifier=1", PATIENT, {}),
        ("PATCH", "/fhir/Patient/a", PATIENT, {}),
        ("DELETE", "/fhir/Patient/a", None, {}),
    ],
)
def test_what_may_take_longer_has_a_thread_of_its_own(method, target, document, headers):
    body = json.dumps(document).encode() if document is not None else b""

    assert not is_quick(environ(method, target, body, **headers))
