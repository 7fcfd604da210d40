"""A receiver with moods, a worker that can be stopped, and clients that subscribe."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fhir_server.access import registry
from fhir_server.access.registry import write
from fhir_server.app import create_app
from fhir_server.auth.clients import Client, digest_of
from fhir_server.auth.scopes import ALL
from fhir_server.bridges.subscriptions import delivering, working
from fhir_server.interactions import interests

SECRET = "a-secret-of-the-tests"  # noqa: S105
PATIENCE = 120


def until(holds):
    deadline = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)
    return found


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent; ``mood`` gives the status of each answer, or None to say nothing."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got, self.mood, self.free = [], lambda _: 200, threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook"

    def bundles(self, kind="event-notification"):
        read = [json.loads(each["body"]) for each in self.got if each["body"]]
        sent = (each for each in read if each["resourceType"] == "Bundle")
        return [each for each in sent if said(each)["type"] == kind]


class _Handler(BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        given = {"method": self.command, "path": self.path, "headers": self.headers, "body": body}
        status = self.server.mood(given)
        if status == 200:
            self.server.got.append(given)
        if status is None:
            self.server.free.wait(PATIENCE)
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PUT = answer  # noqa: N815 - named by http.server

    def log_message(self, *_):
        """Say nothing."""


def said(bundle):
    """Read the status of a notification: name → value."""
    found = {}
    for each in bundle["entry"][0]["resource"]["parameter"]:
        values = [value for name, value in each.items() if name.startswith("value")]
        found.setdefault(each["name"], values[0] if values else each["part"])
    return found


def numbers(bundle):
    given = bundle["entry"][0]["resource"]["parameter"]
    events = [each["part"] for each in given if each["name"] == "notification-event"]
    return [int(part["valueString"]) for parts in events for part in parts[:1]]


@pytest.fixture
def receiver():
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.free.set()
        server.shutdown()
        thread.join(PATIENCE)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(registry, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(interests, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(working, "SETTLED_SECONDS", 0.0)
    monkeypatch.setattr(delivering, "SETTLED_SECONDS", 0.0)
    monkeypatch.setattr(working, "PAUSE_SECONDS", 0.02)


@pytest.fixture
def settings(settings):
    mine = {"subscription_hosts": "127.0.0.1", "subscription_pause": 0.0005}
    return replace(settings, subscription_limit=4, **mine)


@pytest.fixture
def http(context):
    return create_app(context).test_client()


class Caller:
    """One client, or without a name the operator."""

    def __init__(self, http, name=None):
        self.http, self.headers = http, {}
        if name is not None:
            form = {"grant_type": "client_credentials"}
            given = http.post("/oauth2/token", data=form, auth=(name, SECRET))
            self.headers = {"Authorization": f"Bearer {given.json['access_token']}"}

    def __call__(self, method, url, body=None, status=None, **headers):
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        given = self.http.open(
            f"/fhir/{url}", method=method, json=body, headers=self.headers | named
        )
        if status is not None:
            assert given.status_code == status, given.data
        return given


@pytest.fixture
def operator(http):
    return Caller(http)


@pytest.fixture
def caller(context, http):
    def register(name, scopes=(ALL,), **given):
        known = {"digest": digest_of(SECRET), **given}
        made = Client(name, frozenset(scopes), datetime.now(UTC), **known)
        context.store.clients.add(write(made))
        return Caller(http, name)

    return register


@pytest.fixture
def worker(context):
    """Start and stop the worker's part; a stopped one leaves everything as it lies."""
    running = []

    def start():
        stop = threading.Event()
        thread = threading.Thread(target=working.run, args=(context, stop))
        thread.start()
        running.append((stop, thread))

        def end():
            stop.set()
            thread.join(PATIENCE)

        return end

    yield start
    for stop, thread in running:
        stop.set()
        thread.join(PATIENCE)


@pytest.fixture
def subscribe(operator):
    """Write a Subscription and wait until it is active, or ends."""

    def ask(url, criteria="Patient?gender=female", *, by=operator, wait=True, **more):
        endpoint = {"endpoint": url} if url else {}
        channel = {"type": "rest-hook", **endpoint, **more.pop("channel", {})}
        whole = {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "Tests",
            "criteria": criteria,
            "channel": channel,
            **more,
        }
        made = by("POST", "Subscription", whole, 201).json["id"]
        if wait:
            until(lambda: status(by, made) != "requested")
        return made

    return ask


def status(by, subscription):
    return by("GET", f"Subscription/{subscription}").json["status"]
