"""A bad day: requests fail, workers, simulator and database are killed, clocks are set.

Everything is a process of its own. What goes wrong next depends on how much has arrived, never on
time, so a slow machine has the same day as a fast one.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from fhir_server.config import Settings
from fhir_server.store.embedded import Embedded
from tests.bridges.satusehat import load
from tests.bridges.satusehat.acting import FACILITY
from tests.bridges.satusehat.clinic import Server, settings_for
from tests.soak.replicas import ReplicaSet
from tests.support import clocked
from tests.support.processes import until
from tests.support.satusehat import simulator
from tests.support.server import free_port
from tests.support.simulators import ROOT

OVER = {"accepted", "adopted", "skipped"}
TOGETHER = 5
"""Visits that are written in one transaction."""
PATIENCE_SECONDS = 300


@dataclass
class Storm:
    """Two sides and the workers between them; ``members`` of the database: one, or three."""

    folder: Path
    visits: int
    patients: int
    workers: int = 1
    connections: int = 2
    members: int = 1
    faults: tuple = load.ALL_FAULTS
    deaths: list = field(default_factory=list)
    died: int = 0
    database: Embedded | ReplicaSet | None = None
    server: Server | None = None
    there: object = None
    running: list = field(default_factory=list)

    def __enter__(self):
        self._close = contextlib.ExitStack()
        self.port = free_port()
        self.clock = self.folder / "clock"
        self.set_clock(0)
        self.database = self._close.enter_context(self._database())
        self._start_simulator()
        given = settings_for(
            Settings(), self.there, mongodb_uri=self.database.uri, mongodb_database="storm"
        )
        self.server = Server(replace(given, threads=4), self.database.uri)
        self._close.callback(self.server.close)
        return self

    def __exit__(self, *_):
        for each in self.running:
            each.kill()
            each.wait()
        self._simulator.close()
        self._close.close()

    def _database(self):
        data = self.folder / "data"
        if self.members == 1:
            return Embedded.start(Settings(data=data))
        data.mkdir()
        return ReplicaSet(data)

    def _start_simulator(self):
        """Start the simulator where it was, knowing what it knew."""
        self._simulator = contextlib.ExitStack()
        journal = ("--journal", str(self.folder / "journal"), "--port", str(self.port))
        running = simulator("--logins", "100000", *journal)
        self.there = self._simulator.enter_context(running)

    def write(self):
        """Write all visits, so that they wait in the outbox."""
        load.register(self.there, self.patients)
        self.there.ways(duplicates=False)
        self.server.put(*load.house(self.patients))
        for first in range(0, self.visits, TOGETHER):
            numbers = range(first, min(first + TOGETHER, self.visits))
            each = [load.one_visit(number, number % self.patients) for number in numbers]
            self.server.put(*chain.from_iterable(each))

    def kill_simulator(self):
        self._simulator.close()
        self._start_simulator()
        self.there.faults(*self.faults, seed=self.died)

    def kill_database(self):
        """Kill mongod, of several the one that takes writes, and let it come back."""
        if isinstance(self.database, Embedded):
            os.kill(self.database.pid, signal.SIGKILL)  # who owns it starts it again
            return
        until(self.database.whole, PATIENCE_SECONDS)
        killed = self.database.kill_primary()
        until(lambda: self.database.primary() not in {None, killed}, PATIENCE_SECONDS)
        self.database.begin(killed)

    def set_clock(self, hours):
        """Set the clocks of all workers, so many hours ahead of the right time."""
        clocked.set_clock(self.clock, hours * 3600)

    def weather(self, disasters, seconds, poll=0.05):
        """Deliver everything; a disaster (share of what is to arrive, what happens) at its time."""
        self.there.faults(*self.faults, seed=1)
        total, left = (
            sum(load.expected(self.visits).values()),
            sorted(disasters, key=lambda d: d[0]),
        )
        deadline = time.monotonic() + seconds
        while not self.is_over(total):
            assert time.monotonic() < deadline, f"{self.arrived()} of {total}; {self.why()}"
            self._keep_workers()
            if left and self.arrived() >= left[0][0] * total:
                left.pop(0)[1]()
            time.sleep(poll)
        assert not left, "it was over before the last disaster"

    def arrived(self):
        return self.there.counts()["total"]

    def is_over(self, total):
        if self.arrived() < total:
            return False
        counted = self.server.context.store.dispatches.counts().get("satusehat", {})
        return not set(counted) - OVER

    def why(self):
        return list(self.server.unsettled().items())[:5]

    def _keep_workers(self):
        """Start workers until there are enough; each of the first ones dies at its own point."""
        self.died += sum(each.poll() is not None for each in self.running)
        self.running = [each for each in self.running if each.poll() is None]
        while len(self.running) < self.workers:
            self.running.append(self._worker(self.deaths.pop(0) if self.deaths else ""))

    def _worker(self, fault):
        own = self.there.environment(
            FHIR_SATUSEHAT_FACILITY=FACILITY,
            FHIR_SATUSEHAT_LOCATION="poli-kia",
            FHIR_SATUSEHAT_TIMEOUT="20",
            FHIR_SATUSEHAT_CONNECTIONS=str(self.connections),
            FHIR_SATUSEHAT_PAUSE="0.05",
            FHIR_SATUSEHAT_LONGEST_PAUSE="1",
            FHIR_DELIVERY_LEASE_SECONDS="2",
            FHIR_MONGODB_URI=self.database.uri,
            FHIR_MONGODB_DATABASE="storm",
            FHIR_LOG_LEVEL="warning",
            FHIR_FAULT=fault,
            PYTHONPATH=str(ROOT),
            **{clocked.FILE: str(self.clock)},
        )
        program = [sys.executable, "-m", "tests.support.clocked", "worker"]
        with (self.folder / "worker.log").open("ab") as log:
            return subprocess.Popen(program, env=os.environ | own, stdout=log, stderr=log)
