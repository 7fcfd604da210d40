"""One embedded mongod for the whole test run, a fresh database for every test that asks.

``FHIR_TEST_MONGODB_URI`` names another one instead: a replica set of several members, or a cluster.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pymongo
import pytest
from pymongo.monitoring import CommandListener

from fhir_server.config import Settings
from fhir_server.store import mongo
from fhir_server.store.embedded import Embedded
from fhir_server.store.mongo import connect
from tests.support.processes import PATIENCE_SECONDS

MEMORY = "/dev/shm"  # noqa: S108 -- mkdtemp makes a folder that is ours alone
_SHARED = "mongodb_uri"
_numbers = itertools.count()


class OneMongod:
    """Starts mongod when first needed, ends it with the run."""

    def __init__(self):
        self._folder = None
        self._embedded = None

    def uri(self):
        if given := os.environ.get("FHIR_TEST_MONGODB_URI"):
            return given
        if self._embedded is None:
            memory = MEMORY if os.access(MEMORY, os.W_OK) else None
            self._folder = tempfile.mkdtemp(prefix="fhir-test-", dir=memory)
            self._embedded = Embedded.start(Settings(data=Path(self._folder)))
        return self._embedded.uri

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        node.workerinput[_SHARED] = self.uri()

    def pytest_unconfigure(self):
        if self._embedded:
            self._embedded.stop()
            shutil.rmtree(self._folder)
            self._embedded = None


def pytest_configure(config):
    mongo.SELECTION_MS = PATIENCE_SECONDS * 1000  # a busy machine is no failure
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(OneMongod(), "one-mongod")


@pytest.fixture(scope="session")
def mongodb_uri(request):
    """The address of the run's replica set."""
    given = getattr(request.config, "workerinput", {}).get(_SHARED)
    return given or request.config.pluginmanager.get_plugin("one-mongod").uri()


@pytest.fixture
def settings(mongodb_uri):
    """Settings for a database of this test's own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    database = f"test_{worker}_{next(_numbers)}"
    yield dataclasses.replace(
        Settings(), mongodb_uri=mongodb_uri, mongodb_database=database, threads=8
    )
    with pymongo.MongoClient(mongodb_uri) as client:
        client.drop_database(database)


class Commands(CommandListener):
    """Counts what is sent to the database."""

    def __init__(self):
        self.names = []

    def started(self, event):
        self.names.append(event.command_name)

    def succeeded(self, event):
        """Not counted: it was counted when it started."""

    def failed(self, event):
        """Not counted: it was counted when it started."""

    def clear(self):
        self.names.clear()

    @property
    def round_trips(self):
        return len(self.names)

    def by_name(self):
        return Counter(self.names)


@pytest.fixture
def commands():
    """The commands that ``store`` sent: ``commands.round_trips``, after ``commands.clear()``."""
    return Commands()


@pytest.fixture
def store(settings, commands):
    """A Store on a fresh database."""
    store = connect(settings.mongodb_uri, settings, listeners=(commands,))
    yield store
    store.close()
