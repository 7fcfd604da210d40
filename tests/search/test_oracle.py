"""What a search finds is what a slow reading of every document finds.

ORACLE_QUERIES=100000 asks so many queries instead of 2,000, ORACLE_RESOURCES sets the size of the
world, ORACLE_SEED another world.
"""

from __future__ import annotations

import dataclasses
import os
import random
from urllib.parse import quote

import pymongo
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from fhir_server.config import Settings
from fhir_server.store.mongo import connect
from tests.search.asking import PLACES, criteria
from tests.search.world import World

pytestmark = pytest.mark.mongo

PARTS = 4
QUERIES = int(os.environ.get("ORACLE_QUERIES", "2000"))
RESOURCES = int(os.environ.get("ORACLE_RESOURCES", "800"))
SEED = int(os.environ.get("ORACLE_SEED", "1"))
ALL = "&_count=100000"
SORTS = {"Patient": ("birthdate", "gender", "_id"), "Observation": ("date", "status", "code")}
ASKING = how(
    max_examples=QUERIES // PARTS,
    deadline=None,
    derandomize="ORACLE_QUERIES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Known:
    """The documents by reference and by type."""

    def __init__(self, documents):
        self.by_kind = {}
        self.by_name = {}
        for each in documents:
            self.by_kind.setdefault(each["resourceType"], []).append(each)
            self.by_name[f"{each['resourceType']}/{each['id']}"] = each

    def get(self, name):
        return self.by_name.get(name)

    def of(self, kind):
        return self.by_kind.get(kind, ())


@pytest.fixture(scope="module")
def asked(mongodb_uri, searching):
    """Ask a store that holds the world; gives what is found and the world."""
    world = World(random.Random(SEED), RESOURCES)  # noqa: S311 - no secret
    name = f"oracle_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    given_settings = dataclasses.replace(
        Settings(), mongodb_database=name, count_limit=100_000, chain_limit=100_000
    )
    store = connect(mongodb_uri, given_settings)
    for start in range(0, len(world.documents), 1000):
        store.transact([searching.put(each) for each in world.documents[start : start + 1000]])

    def ask(url):
        plan = searching.plan(url, given_settings)
        return store.search(plan)

    yield ask, Known(world.documents)
    store.close()
    with pymongo.MongoClient(mongodb_uri) as client:
        client.drop_database(name)


@pytest.mark.parametrize("part", range(PARTS))
def test_random_queries(asked, part):
    ask, world = asked

    @ASKING
    @given(st.data(), st.just(part))
    def compare(data, _part):
        kind = data.draw(st.sampled_from([*PLACES, "Patient", "Observation", "Observation"]))
        chosen = data.draw(st.lists(criteria(kind), min_size=1, max_size=3))
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value, _ in chosen)
        expected = {
            each["id"] for each in world.of(kind) if all(test(each, world) for _, _, test in chosen)
        }
        found = [each.id for each in ask(f"{kind}?{query}{ALL}").resources]
        assert len(found) == len(set(found))
        assert set(found) == expected, f"{kind}?{query}"

    compare()
