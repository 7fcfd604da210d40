"""What is changed in the trail or taken from it shows; what is removed under seal does not."""

from __future__ import annotations

import dataclasses
from unittest.mock import Mock

import pymongo
import pytest
from pymongo.errors import AutoReconnect

from fhir_server.errors import Unavailable
from fhir_server.store.mongo import connect
from fhir_server.store.trail import Told, told
from fhir_server.store.trail.blocks import TRAIL
from fhir_server.store.trail.heads import HEADS


def tell(event):
    """Keep of an event its path."""
    row = [event.moment, "R", "read", 200, {"subject": "uji"}, "", "", event.path, None]
    return Told([*row, ["p1"], [], 0, None])


def opened(settings, **changes):
    """Open a store of this database that records; a process of its own, as far as it knows."""
    store = connect(settings.mongodb_uri, dataclasses.replace(settings, **changes))
    store.trail.use(tell, lambda _block, _wanted: [])
    return store


def look(store, number):
    """Record so many accesses, each in a block of its own."""
    for each in range(number):
        access = store.trail.access(None, "", "")
        store.trail.record(access, ("GET", f"/fhir/Patient/p{each}", ""), 200, b"")
        store.trail.flush()


@pytest.fixture
def raw(settings):
    """The collection as an intruder meets it."""
    with pymongo.MongoClient(settings.mongodb_uri) as client:
        yield client[settings.mongodb_database]


@pytest.fixture
def trail(settings):
    """A trail of two processes: the first has ended, the second has seen its end."""
    first = opened(settings)
    look(first, 5)
    first.close()
    second = opened(settings)
    look(second, 3)
    yield second.trail
    second.close()


def test_a_trail_nobody_touched_is_whole(trail):
    verdict = trail.verify()

    assert verdict.faults == []
    assert (verdict.chains, verdict.events, verdict.lost) == (2, 8, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"p": ["p2"]},
        {"l": 1},
        {"z": b"x"},
        {"k": 2},
        {"s": 9},
        {"q": ["p2"]},
        {"x": {"removed": {}}},
        {"h": "0" * 64},
    ],
)
def test_a_changed_block_shows(trail, raw, change):
    key = raw[TRAIL].find_one({"d": "events"})["_id"]
    raw[TRAIL].update_one({"_id": key}, {"$set": change})

    assert any(key in each for each in trail.verify().faults)


@pytest.mark.parametrize("which", ["begun", "events", "ended"])
def test_a_missing_block_shows(trail, raw, which):
    ended = raw[TRAIL].find_one({"d": "ended"})["c"]
    raw[TRAIL].delete_one({"c": ended, "d": which})

    assert trail.verify().faults


def test_a_missing_chain_shows(trail, raw):
    ended = raw[TRAIL].find_one({"d": "ended"})["c"]
    raw[TRAIL].delete_many({"c": ended})
    raw[HEADS].delete_one({"_id": ended})

    assert trail.verify().faults


def test_a_missing_end_shows_to_who_wrote_it_down(trail, raw):
    heads = trail.verify().heads
    ends = [f"{name}-{number:08x}" for name, (number, _) in heads.items()]
    raw[TRAIL].delete_many({"_id": {"$in": ends}})
    raw[HEADS].delete_many({})

    assert trail.verify(heads).faults


def test_a_block_made_without_the_key_shows(settings):
    keyed = opened(settings, audit_key="rahasia")
    look(keyed, 2)
    keyed.close()
    other = opened(settings)
    right = opened(settings, audit_key="rahasia")

    assert right.trail.verify().faults == []
    assert len(other.trail.verify().faults) >= 2
    for store in (other, right):
        store.close()


def test_what_is_old_is_removed_under_seal(settings, raw):
    first = opened(settings)
    look(first, 5)
    first.close()
    raw_old = raw[TRAIL].count_documents({})
    second = opened(settings)
    look(second, 1)

    removed = second.trail.remove(0)
    verdict = second.trail.verify()

    assert removed == raw_old
    assert verdict.faults == []
    assert verdict.removed == raw_old
    assert raw[TRAIL].count_documents({"d": "removal"}) == 1
    second.close()


def test_a_removal_without_its_seal_shows(raw, trail):
    look_at = raw[TRAIL].find({"d": "events"}).sort("_id").limit(1)[0]
    raw[TRAIL].delete_many({"c": look_at["c"], "n": {"$lte": look_at["n"]}})

    assert trail.verify().faults


def test_a_process_taken_for_dead_goes_on_in_a_new_chain(settings, raw):
    store = opened(settings)
    look(store, 2)
    raw[HEADS].update_many({}, {"$set": {"boot": "another", "at": 0}})
    store.trail.complete()
    look(store, 2)

    verdict = store.trail.verify()
    assert verdict.faults == []
    assert (verdict.chains, verdict.events) == (2, 4)
    store.close()


def test_nothing_is_lost_while_the_database_is_away(settings, monkeypatch):
    from pymongo.errors import AutoReconnect  # noqa: PLC0415

    from fhir_server.errors import Unavailable  # noqa: PLC0415
    from fhir_server.store.trail.blocks import Blocks  # noqa: PLC0415

    store = opened(settings)
    look(store, 1)
    with monkeypatch.context() as away:

        def down(*_):
            raise AutoReconnect("away")

        away.setattr(Blocks, "add", down)
        with pytest.raises(Unavailable):
            look(store, 1)
    look(store, 1)

    assert store.trail.verify().events == 3
    store.close()


def test_events_whose_patients_cannot_be_looked_up_wait_for_the_database(settings, monkeypatch):
    store = connect(settings.mongodb_uri, settings)
    store.trail.use(
        lambda event: Told(tell(event).row, (("Observation", "o1"),)), lambda _block, _wanted: []
    )
    monkeypatch.setattr(told, "looked_up", Mock(side_effect=AutoReconnect("away")))
    with pytest.raises(Unavailable):
        look(store, 1)
    monkeypatch.undo()

    store.trail.flush()

    assert store.trail.verify().events == 1
    store.close()
