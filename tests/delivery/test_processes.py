"""Deliveries between two real servers: a worker dies at every step; each arrives exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from dataclasses import replace

import pymongo
import pytest

from fhir_server import targets
from fhir_server.delivery.engine import Engine
from fhir_server.injection import POINTS
from tests.delivery.dying import begun, died
from tests.delivery.visits import FILE, SOURCE, expect_once_in_order, is_done, there, visit
from tests.support.faulty import bad_line
from tests.support.processes import until
from tests.support.server import command, running

STEPS = [each for each in POINTS if each.startswith(("numbers-", "delivery-"))]
PATIENCE = 300


@pytest.fixture(scope="module")
def hospital(tmp_path_factory, mongodb_uri):
    """Another server of ours, which makes a version of every PUT."""
    folder = tmp_path_factory.mktemp("hospital")
    own = {
        "FHIR_MONGODB_URI": mongodb_uri,
        "FHIR_MONGODB_DATABASE": f"hospital_{os.getpid()}",
        "FHIR_NOOP_UPDATES": "1",
        "FHIR_BACKGROUND": "0",
    }
    with running(folder, own) as server:
        yield server.fhir
    with pymongo.MongoClient(mongodb_uri) as client:
        client.drop_database(own["FHIR_MONGODB_DATABASE"])


@pytest.fixture
def clinic_of(context, hospital, tmp_path):
    """Give our own side, which tells the hospital of its visits."""

    def made(identity="identifier", *, lease=1, url=hospital, connections=2):
        file = tmp_path / "targets.toml"
        file.write_text(FILE % (url, identity, connections))
        settings = replace(
            context.settings,
            targets=str(file),
            target_hosts="127.0.0.1",
            delivery_lease_seconds=lease,
        )
        notices = targets.notices(targets.load(settings))
        return replace(context, settings=settings, notices=notices)

    return made


def finish(clinic, number):
    """Deliver in this process until so many have arrived."""
    (target,) = targets.load(clinic.settings)
    engine = Engine(clinic, target, threading.Event())

    def done():
        engine.drain()
        return is_done(clinic.store, number)

    until(done, PATIENCE)


@pytest.mark.parametrize("number", range(len(STEPS)), ids=STEPS)
def test_a_worker_that_dies_at_any_step_costs_nothing(clinic_of, hospital, number):
    clinic = clinic_of(("id", "identifier")[number % 2])
    names = [f"{STEPS[number]}-{n}" for n in range(3)]
    for name in names:
        visit(clinic, name)

    assert died(clinic.settings, STEPS[number]) == -signal.SIGKILL
    finish(clinic, 9)

    expect_once_in_order(there(hospital), names)


def test_several_workers_share_the_work_and_one_of_them_dies(clinic_of, hospital, tmp_path):
    clinic = clinic_of(lease=30)
    names = [f"shared-{n}" for n in range(8)]
    for name in names:
        visit(clinic, name)
    own = {
        "FHIR_MONGODB_URI": clinic.settings.mongodb_uri,
        "FHIR_MONGODB_DATABASE": clinic.settings.mongodb_database,
        "FHIR_TARGETS": clinic.settings.targets,
        "FHIR_TARGET_HOSTS": "127.0.0.1",
        "FHIR_DELIVERY_LEASE_SECONDS": "30",
    }

    with (
        (tmp_path / "worker.log").open("wb") as log,
        begun(clinic.settings, "delivery-sent:5"),
        subprocess.Popen(command("worker"), env=os.environ | own, stdout=log, stderr=log) as worker,
    ):
        try:
            until(lambda: is_done(clinic.store, 24), PATIENCE)
        finally:
            worker.kill()

    expect_once_in_order(there(hospital), names)


def test_a_bad_line_costs_only_time(clinic_of, hospital):
    """The small version of tests/soak/deliveries.py: one in five requests meets a fault."""
    names = [f"line-{n}" for n in range(25)]
    with bad_line(hospital, 0.2) as line:
        clinic = clinic_of(url=line.url, connections=4)
        for name in names:
            visit(clinic, name, observations=2)
        finish(clinic, 100)
        met = dict(line.met)

    expect_once_in_order(there(hospital), names, observations=2)
    assert sum(met.get(each, 0) for each in ("lost", "answer lost", "answer spoilt")) > 0
    found = there(hospital)
    assert sum(SOURCE in str(each) for each in found.values()) >= 100
