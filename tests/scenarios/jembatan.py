"""What the stories need of SATUSEHAT: our house as it is known there, and deliveries to it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from fhir_server import targets
from fhir_server.delivery.engine import Engine
from tests.support.processes import PATIENCE_SECONDS

NIK = "https://fhir.kemkes.go.id/id/nik"
ROOM = "http://terminology.hl7.org/CodeSystem/location-physical-type"
SETTLED = {"accepted", "adopted", "skipped"}


def bridged(settings, satusehat, faskes, ruang):
    """Give settings with which a puskesmas sends to the simulator."""
    return replace(
        settings,
        **satusehat.settings(
            satusehat_facility=faskes,
            satusehat_location=ruang,
            satusehat_pause=0.02,
            satusehat_longest_pause=0.1,
        ),
    )


def furnish(fhir, faskes, rooms, staff):
    """Enter a puskesmas, its rooms, and its staff (role → NIK)."""
    put(fhir, {"resourceType": "Organization", "id": faskes, "name": faskes})
    for room in rooms:
        put(
            fhir,
            {
                "resourceType": "Location",
                "id": room,
                "status": "active",
                "name": room,
                "physicalType": {"coding": [{"system": ROOM, "code": "ro"}]},
                "managingOrganization": {"reference": f"Organization/{faskes}"},
            },
        )
    for role, nik in staff.items():
        who = [{"system": NIK, "value": nik}]
        put(fhir, {"resourceType": "Practitioner", "id": role, "identifier": who})
        put(
            fhir,
            {
                "resourceType": "PractitionerRole",
                "id": role,
                "practitioner": {"reference": f"Practitioner/{role}"},
                "organization": {"reference": f"Organization/{faskes}"},
            },
        )


def put(fhir, resource):
    said = fhir("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
    assert said.status in {200, 201}, said.json


def deliver(context):
    """Send until nothing is left to send; give what rests, with the reason."""
    (target,) = targets.load(context.settings)
    deadline = time.monotonic() + PATIENCE_SECONDS
    dispatches = context.store.dispatches
    while True:
        Engine(context, target, threading.Event()).drain()
        found = dispatches.page("satusehat", limit=10_000)
        if not any(each.state == "pending" for each in found):
            return {e.reference: e.reason for e in found if e.state not in SETTLED}
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


def remote(context, reference):
    """Give the id a resource has at SATUSEHAT."""
    return context.store.dispatches.find("satusehat", [reference])[reference].remote
