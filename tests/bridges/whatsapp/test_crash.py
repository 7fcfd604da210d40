"""A worker killed between request and record: nobody is sent a message twice."""

from __future__ import annotations

import pytest
import requests

from tests.support.processes import until
from tests.support.server import running
from tests.support.whatsapp import simulator

NUMBER = "6281100099001"
PATIENT = {"reference": "Patient/uji"}
CHANNEL = "https://puskesmas.example/fhir/CodeSystem/medium-komunikasi"
MESSAGE = {
    "resourceType": "Communication",
    "id": "pesan",
    "status": "preparation",
    "medium": [{"coding": [{"system": CHANNEL, "code": "whatsapp"}]}],
    "subject": PATIENT,
    "recipient": [PATIENT],
    "payload": [{"contentString": "Mohon kontrol besok."}],
}
WHO = {
    "resourceType": "Patient",
    "id": "uji",
    "name": [{"text": "Pasien Uji"}],
    "telecom": [{"system": "phone", "value": f"+{NUMBER}"}],
}


@pytest.fixture
def meta():
    with simulator() as started:
        yield started


def serving(tmp_path, meta, **settings):
    return running(
        tmp_path,
        meta.environment(FHIR_DELIVERY_LEASE_SECONDS="1", FHIR_WHATSAPP_TENANG="none", **settings),
    )


def put(server, document):
    address = f"{server.fhir}/{document['resourceType']}/{document['id']}"
    assert requests.put(address, json=document, timeout=120).status_code in {200, 201}


def read(server, path):
    return requests.get(f"{server.fhir}/{path}", timeout=120).json()


def test_killed_after_meta_took_it_the_webhook_says_what_it_was(tmp_path, meta):
    with serving(tmp_path, meta, FHIR_FAULT="whatsapp-taken") as server:
        meta.calls_back(server)
        put(server, WHO)

        put(server, MESSAGE)
        until(lambda: read(server, "Communication/pesan")["status"] == "completed")

        (sent,) = meta.landed
        found = read(server, "Communication/pesan")
        assert [each["value"] for each in found["identifier"]] == [sent["id"]]
        assert meta.requests == 1
