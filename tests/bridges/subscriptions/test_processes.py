"""A server, its worker and an endpoint as processes that die: what was told stays in order."""

import json
import os
import signal

import requests

from fhir_server.commands.background import NAME
from tests.bridges.subscriptions.conftest import until
from tests.support.processes import named
from tests.support.server import running

TIMEOUT = 60
SETTINGS = {
    "FHIR_SUBSCRIPTION_HOSTS": "127.0.0.1",
    "FHIR_SUBSCRIPTION_PAUSE": "0.05",
    "FHIR_SUBSCRIPTION_TIMEOUT": "2",
    "FHIR_SUBSCRIPTION_ATTEMPTS": "1000",
}


def put(server, name, **more):
    whole = {"resourceType": "Patient", "id": name, **more}
    said = requests.put(f"{server.fhir}/Patient/{name}", json=whole, timeout=TIMEOUT)
    assert said.status_code == 201, said.text


def names(receiver):
    return [json.loads(each["body"])["id"] for each in receiver.got]


def test_a_worker_that_is_killed_in_a_delivery_leaves_none_out(tmp_path, receiver):
    with running(tmp_path, SETTINGS) as server:
        channel = {
            "type": "rest-hook",
            "endpoint": receiver.url,
            "payload": "application/fhir+json",
        }
        asked = {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "Tests",
            "criteria": "Patient?active=true",
            "channel": channel,
        }
        made = requests.post(f"{server.fhir}/Subscription", json=asked, timeout=TIMEOUT).json()
        where = f"{server.fhir}/Subscription/{made['id']}"
        until(lambda: requests.get(where, timeout=TIMEOUT).json()["status"] == "active")
        tried = []
        receiver.mood = tried.append  # takes what comes, and says nothing
        for number in range(5):
            put(server, f"p{number}", active=True)
        until(lambda: tried)

        (worker,) = named(server.process.pid, NAME)
        os.kill(worker, signal.SIGKILL)
        until(lambda: named(server.process.pid, NAME) - {worker})
        receiver.mood = lambda _: 200
        receiver.free.set()
        put(server, "p5", active=True)
        put(server, "other", active=False)

        until(lambda: "p5" in names(receiver))
        assert list(dict.fromkeys(names(receiver))) == [f"p{number}" for number in range(6)]
