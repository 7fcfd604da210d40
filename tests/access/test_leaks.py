"""Not one resource more: random worlds, everybody, every way to ask, against a plain oracle.

A few hundred questions run here; ``tests/soak/leaks.py`` asks as many as one likes.
"""

from __future__ import annotations

import dataclasses
import random
import uuid

import pymongo
import pytest
from mongoengine import connection

from fhir_server.app import build_context
from fhir_server.auth.principals import OPERATOR
from fhir_server.config import Settings
from fhir_server.operations import load_operations
from tests.access.leaks.asking import Server, Twin, opened
from tests.access.leaks.calls import CALLS, LEFT_OUT, WRITING
from tests.access.leaks.judging import judged
from tests.access.leaks.oracle import Oracle
from tests.access.leaks.papers import file_papers
from tests.access.leaks.people import EVERYBODY
from tests.access.leaks.touching import Touched
from tests.access.leaks.ways import asked
from tests.access.leaks.world import made
from tests.access.leaks.writes import touch

QUESTIONS = 30
TOUCHES = 8
PAPERS = 12
SEED = 7


@pytest.fixture(scope="module")
def both(mongodb_uri):
    """The server with everything, and the twin; the database of the first."""
    own = uuid.uuid4().hex[:12]
    names = [f"leaks_{own}_{each}" for each in "ab"]
    given = [
        dataclasses.replace(Settings(), mongodb_uri=mongodb_uri, mongodb_database=each, threads=4)
        for each in names
    ]
    contexts = [build_context(each, mongodb_uri) for each in given]
    with pymongo.MongoClient(mongodb_uri) as client:
        yield Server(contexts[0]), Twin(contexts[1], client[names[1]]), client[names[0]]
        for each in contexts:
            each.store.close()
        connection.disconnect_all()
        for each in names:
            client.drop_database(each)


@pytest.fixture(scope="module")
def touched(both):
    """A world of people, records, referrals, work and SOP documents, in the first server."""
    server, _, database = both
    world = made(SEED)
    file_papers(world, random.Random(SEED), PAPERS)  # noqa: S311
    operator = dataclasses.replace(server.context, principal=OPERATOR)
    touched = Touched(server, operator, database, world)
    touched.fill()
    opened(server.context, EVERYBODY, world.now)
    return touched


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who.name)
def test_nobody_sees_one_resource_more(both, touched, who):
    server, twin, _ = both
    seen = Oracle(touched.world, opened=who.opened).seen(who)
    twin.hold(list(seen.values()))
    chance = random.Random(f"{SEED} {who.name}")  # noqa: S311

    answered = [
        judged(server, twin, touched.world, seen, who, each)
        for each in asked(chance, touched.world, QUESTIONS)
    ]

    assert any(answered)


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who.name)
def test_nobody_touches_what_is_hidden(touched, who):
    seen = Oracle(touched.world, opened=who.opened).seen(who)
    chance = random.Random(f"{SEED} touches {who.name}")  # noqa: S311

    tried = [touched.judged(seen, who, touch(chance, touched.world)) for _ in range(TOUCHES)]

    assert len(tried) == TOUCHES


def test_every_operation_is_asked_or_said_why_not():
    known = {each.name for each in load_operations()}

    assert known == {*CALLS, *WRITING, *LEFT_OUT}
    assert not set(CALLS) & (WRITING | set(LEFT_OUT))
