"""The simulator of SATUSEHAT as a process of its own, steered and counted by a test."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
ORGANIZATION = "10000004"
CLIENT = "latihan"


@dataclass
class Simulator:
    url: str
    process: subprocess.Popen[str]

    def settings(self, **more):
        """Give the settings with which a server sends to this simulator."""
        return {
            "satusehat_url": self.url,
            "satusehat_organization": ORGANIZATION,
            "satusehat_client_id": CLIENT,
            "satusehat_client_secret": CLIENT,
            **more,
        }

    def environment(self, **more):
        """Give the same as environment variables."""
        given = {f"FHIR_{name.upper()}": value for name, value in self.settings().items()}
        return {**given, **more}

    def ask(self, method, path, body=None):
        answer = requests.request(method, f"{self.url}/_simulator/{path}", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def faults(self, *faults, **more):
        """Let these faults strike from now on, in the place of all others."""
        self.ask("PUT", "faults", {"faults": list(faults), **more})

    def ways(self, **ways):
        self.ask("PUT", "ways", ways)

    def people(self, kind, *people):
        """Enter people into the national index and give their ids there."""
        return self.ask("POST", f"people/{kind}", list(people))

    def counts(self):
        return self.ask("GET", "counts")

    def order(self):
        """Give what was created, in order: type, identifier, id."""
        return self.ask("GET", "order")

    def stored(self, kind):
        return self.ask("GET", f"resources/{kind}")


@contextlib.contextmanager
def simulator(*options):
    """Start the simulator on a free port, and end it with the test."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.satusehat_simulator", "--port", "0", *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Simulator(_ready(process)["url"], process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _ready(process, seconds=120):
    """Read the line with which the simulator says where it listens."""
    watch = threading.Timer(seconds, process.kill)
    watch.start()
    try:
        line = process.stdout.readline()
    finally:
        watch.cancel()
    assert line, "the simulator did not start"
    return json.loads(line)


@pytest.fixture(scope="session")
def satusehat_process():
    """One simulator for all tests of this run that do not end it."""
    with simulator("--logins", "1000") as running:
        yield running


@pytest.fixture
def satusehat(satusehat_process):
    """A simulator in which nothing has happened yet, and in which many may log in."""
    satusehat_process.ask("POST", "reset")
    return satusehat_process
