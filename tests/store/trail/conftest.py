"""Processes that record, and the database as they leave it."""

from __future__ import annotations

from dataclasses import replace

import pymongo
import pytest

from fhir_server.store import traces
from fhir_server.store.mongo import connect
from tests.support.trails import tell


@pytest.fixture
def process(settings):
    """A store that records, as a process of the server has it."""
    made = []

    def start(folder=""):
        store = connect(settings.mongodb_uri, replace(settings, audit_folder=str(folder)))
        store.trail.use(tell, lambda _block, _wanted: [])
        made.append(store)
        return store

    yield start
    traces.begin(None)
    for each in made:
        each.close()


@pytest.fixture
def raw(settings):
    with pymongo.MongoClient(settings.mongodb_uri) as client:
        yield client[settings.mongodb_database]
