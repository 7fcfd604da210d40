"""The simulator of SATUSEHAT as a process of its own, steered and counted by a test."""

from __future__ import annotations

import pytest

from tests.support import simulators

ORGANIZATION = "10000004"
CLIENT = "latihan"


class Simulator(simulators.Simulator):
    @property
    def given(self):
        return {
            "satusehat_url": self.url,
            "satusehat_organization": ORGANIZATION,
            "satusehat_client_id": CLIENT,
            "satusehat_client_secret": CLIENT,
        }

    def settings(self, **more):
        """Give the settings with which a server sends to this simulator."""
        return self.given | more

    def faults(self, *faults, **more):
        """Let these faults strike from now on, in the place of all others."""
        self.ask("PUT", "faults", {"faults": list(faults), **more})

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


def simulator(*options):
    """Start the simulator on a free port, and end it with the test."""
    return simulators.started("satusehat_simulator", Simulator, *options)


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
