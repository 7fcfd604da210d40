"""The state machines (alur): illegal moves are refused whatever the table, whoever writes."""

from __future__ import annotations

import json

import pytest

PATCH = "application/json-patch+json"


@pytest.fixture
def antrean(sop, pasien):
    return sop.made(
        "antrean",
        {
            "faskes": "pkm-dharma-rini",
            "unit": "kia",
            "tanggal": "2024-04-02",
            "pasien": pasien(),
            "ambil": "2024-04-02T07:45:00+07:00",
        },
    )["id"]


def test_a_queue_number_meets_its_table_by_patch(client, fhir, antrean):
    patch = [{"op": "replace", "path": "/status", "value": "fulfilled"}]

    said = client.patch(f"/fhir/Appointment/{antrean}", data=json.dumps(patch), content_type=PATCH)

    assert said.status_code == 409
    assert "queue number" in said.text
    assert "arrived" in said.text
    assert fhir.read(f"Appointment/{antrean}")["status"] == "arrived"


def test_a_legal_move_of_a_queue_number_passes(fhir, antrean):
    appointment = fhir.read(f"Appointment/{antrean}")

    said = fhir("PUT", f"Appointment/{antrean}", {**appointment, "status": "checked-in"})

    assert said.status == 200


def test_a_visit_meets_its_table_in_a_transaction(fhir, pasien, kunjungan):
    visit = fhir.read(f"Encounter/{kunjungan(pasien())}")
    entry = {
        "resource": {**visit, "status": "triaged"},
        "request": {"method": "PUT", "url": f"Encounter/{visit['id']}"},
    }

    said = fhir("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]})

    assert said.status == 409
    assert "Allowed next: onleave, finished, cancelled" in said.issues[0]["diagnostics"]
    assert said.issues[0]["expression"] == ["Bundle.entry[0].resource.status"]


def test_an_encounter_of_somebody_else_is_not_judged(fhir):
    foreign = {
        "resourceType": "Encounter",
        "id": "lain",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    }
    fhir.kept("Encounter/lain", foreign)

    assert fhir("PUT", "Encounter/lain", {**foreign, "status": "in-progress"}).status == 200
