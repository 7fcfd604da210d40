"""Deliveries between two real servers: a worker dies at every step; each arrives exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from dataclasses import replace

import orjson
import pytest
import requests

from fhir_server import targets
from fhir_server.delivery.engine import Engine
from fhir_server.injection import POINTS
from fhir_server.interactions.write import commit, prepare
from tests.support.processes import until
from tests.support.server import command, running

FILE = """
[[target]]
name = "rsud"
kind = "fhir"
url = "%s"
types = ["Patient", "Encounter", "Observation"]
identity = "%s"
source = "https://puskesmas.example/fhir"
connections = 2
"""
VISITS = 3
STEPS = [each for each in POINTS if each.startswith(("numbers-", "delivery-"))]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory, mongodb_uri):
    """Another server of ours, which counts every PUT as a version."""
    folder = tmp_path_factory.mktemp("hospital")
    own = {
        "FHIR_MONGODB_URI": mongodb_uri,
        "FHIR_MONGODB_DATABASE": f"hospital_{os.getpid()}",
        "FHIR_NOOP_UPDATES": "1",
        "FHIR_BACKGROUND": "0",
    }
    with running(folder, own) as server:
        yield server.fhir


class Clinic:
    """Our own side: writes visits, and has a worker that may be told to die."""

    def __init__(self, context, hospital, folder, identity, lease):
        self.file = folder / "targets.toml"
        self.file.write_text(FILE % (hospital, identity))
        settings = replace(
            context.settings,
            targets=str(self.file),
            target_hosts="127.0.0.1",
            delivery_lease_seconds=lease,
        )
        self.context = replace(context, settings=settings)
        (self.target,) = targets.load(settings)
        self.context = replace(self.context, notices=targets.notices([self.target]))
        self.store, self.log = context.store, folder / "worker.log"

    def write(self, resource):
        raw = orjson.dumps(resource)
        commit(self.context, [prepare(self.context, raw, resource["id"])])

    def visit(self, name):
        """Write a visit, the last things first."""
        patient, visit = f"Patient/{name}", f"Encounter/{name}"
        code = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
        self.write(
            {
                "resourceType": "Observation",
                "id": name,
                "status": "final",
                "code": {"text": "x"},
                "subject": {"reference": patient},
                "encounter": {"reference": visit},
            }
        )
        self.write(
            {
                "resourceType": "Encounter",
                "id": name,
                "status": "finished",
                "class": code,
                "subject": {"reference": patient},
            }
        )
        self.write({"resourceType": "Patient", "id": name, "active": True})

    def worker(self, fault=""):
        """Start a worker process."""
        settings = self.context.settings
        own = {
            "FHIR_MONGODB_URI": settings.mongodb_uri,
            "FHIR_MONGODB_DATABASE": settings.mongodb_database,
            "FHIR_TARGETS": str(self.file),
            "FHIR_TARGET_HOSTS": "127.0.0.1",
            "FHIR_DELIVERY_LEASE_SECONDS": str(settings.delivery_lease_seconds),
            "FHIR_FAULT": fault,
        }
        with self.log.open("ab") as log:
            return subprocess.Popen(command("worker"), env=os.environ | own, stdout=log, stderr=log)

    def states(self):
        found = self.store.dispatches.page("rsud", limit=1000)
        return {each.reference: each.state for each in found}


@pytest.fixture
def clinic_of(context, hospital, tmp_path):
    return lambda identity, lease=1: Clinic(context, hospital, tmp_path, identity, lease)


def ended(process):
    """Wait until a process has ended, at most some minutes; give how."""
    with process:
        try:
            return process.wait(300)
        finally:
            process.kill()


def arrived(hospital, identity, names):
    """Read at the hospital what came of visits: type, our name → (versions, lastUpdated)."""
    found = {}
    for kind in ("Patient", "Encounter", "Observation"):
        for name in names:
            ours = f"https://puskesmas.example/fhir|{kind}/{name}"
            asked = {"_id": name} if identity == "id" else {"identifier": ours}
            page = requests.get(f"{hospital}/{kind}", params=asked, timeout=60).json()
            (entry,) = page["entry"]
            meta = entry["resource"]["meta"]
            found[kind, name] = (meta["versionId"], meta["lastUpdated"], entry["resource"])
    return found


def is_done(states, number):
    return len(states) == number and set(states.values()) <= {"accepted", "adopted"}


@pytest.mark.parametrize("number", range(len(STEPS)), ids=STEPS)
def test_a_worker_that_dies_at_any_step_costs_nothing(clinic_of, hospital, number):
    fault, identity = STEPS[number], ("id", "identifier")[number % 2]
    clinic = clinic_of(identity)
    names = [f"{fault}-{n}" for n in range(VISITS)]
    for name in names:
        clinic.visit(name)

    assert ended(clinic.worker(fault)) == -signal.SIGKILL
    engine = Engine(clinic.context, clinic.target, threading.Event())

    def all_there():
        engine.drain()
        return is_done(clinic.states(), 3 * VISITS)

    until(all_there, 300)

    there = arrived(hospital, identity, names)
    assert {version for version, _, _ in there.values()} == {"1"}
    for name in names:
        moments = [there[kind, name][1] for kind in ("Patient", "Encounter", "Observation")]
        assert moments == sorted(moments)
        patient, visit = there["Patient", name][2]["id"], there["Encounter", name][2]["id"]
        observation = there["Observation", name][2]
        assert observation["subject"]["reference"] == f"Patient/{patient}"
        assert observation["encounter"]["reference"] == f"Encounter/{visit}"


def test_several_workers_share_the_work_and_one_of_them_dies(clinic_of, hospital):
    clinic = clinic_of("identifier", lease=15)
    names = [f"shared-{n}" for n in range(8)]
    for name in names:
        clinic.visit(name)

    with clinic.worker() as first, clinic.worker("delivery-sent:5") as second:
        try:
            until(lambda: is_done(clinic.states(), 24), 300)
        finally:
            for each in (first, second):
                each.kill()

    there = arrived(hospital, "identifier", names)
    assert len(there) == 24
    assert {version for version, _, _ in there.values()} == {"1"}
