"""Websockets: bound by a token, told in order, closed to strangers."""

import contextlib
import json
from dataclasses import replace

import pytest

from tests.bridges.subscriptions.conftest import numbers, said, status, until
from tests.support.server import free_port

pytest.importorskip("websockets")

from websockets.sync.client import connect

PATIENCE = 120


@pytest.fixture
def settings(settings):
    return replace(settings, websocket_port=free_port())


@pytest.fixture
def socket():
    """Open a websocket, once the worker listens."""
    with contextlib.ExitStack() as opened:

        def dial(url):
            def tried():
                try:
                    return opened.enter_context(connect(url, proxy=None))
                except OSError:
                    return None

            return until(tried)

        yield dial


def token(by, subscription):
    given = by("GET", f"Subscription/{subscription}/$get-ws-binding-token", status=200).json
    found = {each["name"]: each for each in given["parameter"]}
    return found["token"]["valueString"], found["websocket-url"]["valueUrl"]


def heard(socket, kind):
    while True:
        bundle = json.loads(socket.recv(timeout=PATIENCE))
        if said(bundle)["type"] == kind:
            return bundle


def woman(by, name):
    whole = {"resourceType": "Patient", "id": name, "gender": "female"}
    assert by("PUT", f"Patient/{name}", whole).status_code == 201


def test_a_socket_is_told_of_what_comes(operator, subscribe, worker, socket):
    worker()
    made = subscribe("", channel={"type": "websocket", "payload": "application/fhir+json"})
    assert status(operator, made) == "active"
    woman(operator, "before")
    where = f"Subscription/{made}/$events"
    until(lambda: len(numbers(operator("GET", where).json)) == 1)
    shown, url = token(operator, made)

    line = socket(url)
    line.send(f"bind-with-token {shown}")
    assert said(heard(line, "handshake"))["events-since-subscription-start"] == "1"
    for name in ("siti", "dewi"):
        woman(operator, name)

    bundles = [heard(line, "event-notification") for _ in range(2)]
    assert [numbers(each) for each in bundles] == [[2], [3]]
    assert [each["entry"][1]["resource"]["id"] for each in bundles] == ["siti", "dewi"]


def test_without_a_token_nothing_is_told(subscribe, worker, socket, caller):
    worker()
    mine, other = caller("mine"), caller("other")
    made = subscribe("", by=mine, channel={"type": "websocket"})
    assert other("GET", f"Subscription/{made}/$get-ws-binding-token").status_code == 403
    hook = subscribe("https://a.example/", by=mine, wait=False)
    assert mine("GET", f"Subscription/{hook}/$get-ws-binding-token").status_code == 400
    shown, url = token(mine, made)

    line = socket(url)
    for text in ("hello", "bind-with-token nonsense", shown):
        line.send(text)
        assert line.recv(timeout=PATIENCE).startswith("error")
