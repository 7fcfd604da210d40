"""What a dead process had written and not told is told from the versions."""

from __future__ import annotations

import pymongo
import pytest

from fhir_server.auth.principals import Principal
from fhir_server.resources.wire import text
from fhir_server.store import traces
from fhir_server.store.mongo import connect
from fhir_server.store.ops import Delete, Put
from fhir_server.store.trail import Told
from fhir_server.store.trail.blocks import HEADS, TRAIL
from fhir_server.store.trail.chain import opened


def put(identity, method="POST", content=b""):
    """Write a version that speaks of a patient."""
    raw = b'{"resourceType":"Basic","code":{},%b"subject":{"reference":"Patient/p1"}}' % content
    index = {"patient": "Patient/p1"}
    new = method == "POST"
    return Put("Basic", identity, text(raw, identity), index, method, False if new else None)


@pytest.fixture
def process(settings):
    """A store that records, as a process of the server has it."""
    made = []

    def start():
        store = connect(settings.mongodb_uri, settings)
        store.trail.use(lambda event: Told([event.moment, "E", "x", 200, {}, "", "", "", None, [],
            [list(each) for each in event.access.changes or ()], event.access.number, None]),
            lambda _block, _wanted: [])  # fmt: skip
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


def crash(store, raw):
    """Let a process be gone: whatever it had not stored is lost, and its head says it is dead."""
    store.trail._recorder = None
    raw[HEADS].update_many({"open": True}, {"$set": {"boot": "another", "at": 0}})


def told(raw):
    """Give the versions of which the trail says that they were written, and by whom."""
    found = {}
    for block in raw[TRAIL].find():
        people, rows = opened(block)
        for row in rows:
            for letter, kind, identity, version, patients in row[10]:
                who = people[row[4]].get("subject")
                found[f"{kind}/{identity}/{version}"] = (letter, who, tuple(patients))
    return found


def test_writes_of_a_dead_process_are_told(process, raw):
    dead = process()
    who = Principal("rs-a", organization="Organization/rs-a")
    for ops in ([put("a")], [put("a", "PUT", b'"created":"2026-01-01",')], [Delete("Basic", "a")],
                [put("b"), put("c")]):  # fmt: skip
        dead.trail.access(who, "192.0.2.1", "minta-1")
        dead.transact(ops)
    crash(dead, raw)

    number = process().trail.complete()

    assert number == 4
    assert told(raw) == {
        "Basic/a/1": ("C", "rs-a", ("p1",)),
        "Basic/a/2": ("U", "rs-a", ("p1",)),
        "Basic/a/3": ("D", "rs-a", ("p1",)),
        "Basic/b/1": ("C", "rs-a", ("p1",)),
        "Basic/c/1": ("C", "rs-a", ("p1",)),
    }
    verdict = process().trail.verify()
    assert verdict.faults == []


def test_what_was_told_is_not_told_again(process, raw):
    dead = process()
    for name in ("a", "b"):
        access = dead.trail.access(Principal("uji"), "", name)
        dead.transact([put(name)])
        if name == "a":
            dead.trail.record(access, ("POST", "/fhir/Basic", ""), 201, b"")
            dead.trail.flush()
    crash(dead, raw)
    heir = process()

    assert heir.trail.complete() == 1
    assert heir.trail.complete() == 0
    assert set(told(raw)) == {"Basic/a/1", "Basic/b/1"}


def test_a_living_process_is_left_alone(process, raw):
    living = process()
    living.trail.access(Principal("uji"), "", "a")
    living.transact([put("a")])

    assert process().trail.complete() == 0
    assert told(raw) == {}


def test_a_write_that_cannot_be_recorded_is_refused(process, monkeypatch):
    from pymongo.errors import AutoReconnect  # noqa: PLC0415

    from fhir_server.errors import Unavailable  # noqa: PLC0415
    from fhir_server.store.trail.blocks import Blocks  # noqa: PLC0415

    def down(*_):
        raise AutoReconnect("away")

    store = process()
    store.trail.access(Principal("uji"), "", "a")
    with monkeypatch.context() as away:
        away.setattr(Blocks, "add", down)
        with pytest.raises(Unavailable):
            store.transact([put("a")])

    assert store.read("Basic", "a") is None
