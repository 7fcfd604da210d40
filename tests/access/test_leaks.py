"""Not one resource more: random worlds, everybody, every way to ask, against a plain oracle.

A few hundred questions run here; ``tests/soak/leaks.py`` asks as many as one likes.
"""

from __future__ import annotations

import dataclasses
import random
import re
import uuid

import pymongo
import pytest
from mongoengine import connection

from fhir_server.app import build_context
from fhir_server.auth.principals import OPERATOR
from fhir_server.config import Settings
from tests.access.leaks.asking import DENIED, Twin, ask, normal, opened, stored
from tests.access.leaks.oracle import Oracle
from tests.access.leaks.people import EVERYBODY
from tests.access.leaks.questions import asked
from tests.access.leaks.world import made

QUESTIONS = 30
WORD = re.compile(r"word-([A-Za-z]+)-([a-z0-9-]+)-x")


@pytest.fixture(scope="module")
def both(mongodb_uri):
    """The server with everything, and the twin."""
    own = uuid.uuid4().hex[:12]
    names = [f"leaks_{own}_{each}" for each in "ab"]
    given = [
        dataclasses.replace(Settings(), mongodb_uri=mongodb_uri, mongodb_database=each, threads=4)
        for each in names
    ]
    contexts = [build_context(each, mongodb_uri) for each in given]
    with pymongo.MongoClient(mongodb_uri) as client:
        yield contexts[0], Twin(contexts[1], client[names[1]])
        for each in contexts:
            each.store.close()
        connection.disconnect_all()
        for each in names:
            client.drop_database(each)


@pytest.fixture(scope="module")
def world(both):
    world = made(7)
    stored(
        dataclasses.replace(both[0], principal=OPERATOR), world.resources.values(), world.authors
    )
    opened(both[0], EVERYBODY, world.now)
    return world


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who.name)
def test_nobody_sees_one_resource_more(both, world, who):
    context, twin = both
    seen = Oracle(world, opened=who.opened).seen(who)
    twin.hold(list(seen.values()))
    chance = random.Random(f"7 {who.name}")  # noqa: S311

    answered = [
        judged(context, twin, world, seen, who, each) for each in asked(chance, world, QUESTIONS)
    ]

    assert any(answered)


def judged(context, twin, world, seen, who, question):  # noqa: PLR0913, PLR0917
    """Ask both; True if there was something to compare."""
    said = ask(context, who.asks, question)
    told = f"{who.name} asked {question}, and was told {said.status} {said.text[:2000]}"
    hidden = {f"word-{key.replace('/', '-')}-x": key for key in world.resources if key not in seen}
    for word in WORD.findall(said.text):
        key = hidden.get(f"word-{word[0]}-{word[1]}-x")
        assert key is None or f"{word[0]}-{word[1]}" in question.words, f"{key} leaks: {told}"
    same = twin.ask(question)
    if said.status in DENIED:
        assert same.status in DENIED or may_be_denied(who, question), told
        return same.status in DENIED
    assert not (question.closed and is_limited(who)), f"This is closed to who has limits: {told}"
    if question.closed:
        return False
    mine, other = (normal(each, ordered=question.ordered) for each in (said, same))
    assert alike(mine, other, who), f"{told}\n\ninstead of {same.text[:3000]}"
    return True


def alike(mine, other, who):
    """Compare answers; an entry of a Bundle may be denied to whoever may be denied the request."""
    if isinstance(mine, list) and isinstance(other, list) and len(mine) == len(other):
        excused = who.only or who.reach in {"tasks", "desk"}
        return all(m == o or (excused and m == "denied") for m, o in zip(mine, other, strict=True))
    return mine == other


def is_limited(who):
    return who.reach != "everything"


def may_be_denied(who, question):
    """Say who is refused a question about what they see: what no plain read or search asks.

    Who sees a part may not search by the rest, and who lacks a scope asks for nothing of a type.
    """
    if question.about and "$" not in question.url:
        return False
    return "$" in question.url or question.closed or who.only or who.reach in {"tasks", "desk"}
