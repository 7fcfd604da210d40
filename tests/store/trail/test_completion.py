"""What a dead process had not stored is told from its spool, and from the versions."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace

import pymongo
import pytest
from pymongo.errors import AutoReconnect

from fhir_server.auth.principals import Principal
from fhir_server.resources.wire import text
from fhir_server.store import traces
from fhir_server.store.mongo import connect
from fhir_server.store.ops import Delete, Put
from fhir_server.store.trail import Told
from fhir_server.store.trail.blocks import HEADS, TRAIL
from fhir_server.store.trail.chain import opened
from fhir_server.store.trail.recorder import BLOCK_SECONDS, PAUSE_SECONDS
from tests.support.processes import until
from tests.support.server import command

PATIENCE = 120


def put(identity, method="POST", content=b""):
    """Write a version that speaks of a patient."""
    raw = b'{"resourceType":"Basic","code":{},%b"subject":{"reference":"Patient/p1"}}' % content
    index = {"patient": "Patient/p1"}
    new = method == "POST"
    return Put("Basic", identity, text(raw, identity), index, method, False if new else None)


def tell(event):
    access = event.access
    row = [event.moment, "E", "x", 200, {}, "", access.request, event.path, None, []]
    return Told([*row, [list(each) for each in access.changes or ()], access.number, None])


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


def crash(store, raw):
    """Let a process be gone: whatever it had not stored is lost, and its head says it is dead."""
    recorder, store.trail._recorder = store.trail._recorder, None
    recorder._storing.end()
    recorder._keeping.end()
    if recorder._spool:
        recorder._spool.close()
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
    from fhir_server.errors import Unavailable  # noqa: PLC0415
    from fhir_server.store.trail.blocks import Blocks  # noqa: PLC0415

    store = process()
    store.trail.access(Principal("uji"), "", "a")
    with monkeypatch.context() as away:
        away.setattr(Blocks, "add", down)
        with pytest.raises(Unavailable):
            store.transact([put("a")])

    assert store.read("Basic", "a") is None


def look(store, *requests):
    """Let a process answer requests that only read."""
    for each in requests:
        access = store.trail.access(Principal("uji"), "", each)
        store.trail.record(access, ("GET", f"/fhir/Patient/{each}", ""), 200, b"{}")


def write(store, *names):
    """Let a process answer requests that write."""
    for each in names:
        access = store.trail.access(Principal("uji"), "", each)
        store.transact([put(each)])
        store.trail.record(access, ("POST", "/fhir/Basic", ""), 201, b"")


def requests_of(raw):
    """Give the ids of all requests of the trail, as often as it tells of them."""
    return sorted(row[6] for block in raw[TRAIL].find() for row in opened(block)[1])


def test_what_a_dead_process_had_in_its_spool_is_told_once(process, raw, tmp_path):
    dead = process(tmp_path)
    look(dead, "lihat-1")
    write(dead, "tulis-1")
    dead.trail.flush()
    look(dead, "lihat-2")
    write(dead, "tulis-2")
    dead.trail._recorder._kept()
    crash(dead, raw)
    heir = process(tmp_path)

    assert heir.trail.complete() == 2
    assert heir.trail.complete() == 0
    assert requests_of(raw) == ["lihat-1", "lihat-2", "tulis-1", "tulis-2"]
    assert heir.trail.verify().faults == []
    assert list(tmp_path.glob("*/*")) == []


def test_what_was_stored_and_is_still_in_the_spool_is_told_once(
    process, raw, tmp_path, monkeypatch
):
    dead = process(tmp_path)
    look(dead, "lihat-1")
    write(dead, "tulis-1")
    monkeypatch.setattr(dead.trail._recorder._pending, "emptied", lambda: None)
    dead.trail.flush()
    look(dead, "lihat-2")
    dead.trail._recorder._kept()
    crash(dead, raw)

    assert process(tmp_path).trail.complete() == 1
    assert requests_of(raw) == ["lihat-1", "lihat-2", "tulis-1"]


def test_what_is_in_no_spool_is_told_from_the_versions_beside_it(process, raw, tmp_path):
    dead = process(tmp_path)
    look(dead, "lihat-1")
    write(dead, "tulis-1")
    dead.trail._recorder._kept()
    write(dead, "tulis-2")
    crash(dead, raw)

    assert process(tmp_path).trail.complete() == 3
    assert requests_of(raw) == ["lihat-1", "tulis-1", "tulis-2"]
    assert set(told(raw)) == {"Basic/tulis-1/1", "Basic/tulis-2/1"}


def test_what_another_machine_could_not_see_is_told_when_it_is_found(process, raw, tmp_path):
    dead = process(tmp_path)
    look(dead, "lihat-1")
    write(dead, "tulis-1")
    dead.trail._recorder._kept()
    crash(dead, raw)
    assert process(tmp_path / "another").trail.complete() == 1  # by its versions
    assert requests_of(raw) == ["tulis-1"]
    here = process(tmp_path)

    assert here.trail.complete() == 1
    assert here.trail.complete() == 0
    assert requests_of(raw) == ["lihat-1", "tulis-1"]
    assert here.trail.verify().faults == []


def test_a_number_of_a_dead_chain_hides_no_write_of_the_one_that_tells_it(process, raw, tmp_path):
    dead = process(tmp_path)
    write(dead, "tulis-1")
    dead.trail._recorder._kept()
    crash(dead, raw)
    raw[HEADS].update_many({}, {"$set": {"open": False}})
    here = process(tmp_path)

    assert here.trail.complete() == 1
    write(here, "tulis-2")  # has the number that tulis-1 had
    crash_without_spool(here, raw)
    assert process().trail.complete() == 1
    assert requests_of(raw) == ["tulis-1", "tulis-2"]


def crash_without_spool(store, raw):
    """Let a process be gone that has not even written out what it was asked."""
    store.trail._recorder._spool = None
    crash(store, raw)


def test_a_spool_that_cannot_be_told_stays(process, raw, tmp_path, monkeypatch):
    dead = process(tmp_path)
    look(dead, "lihat-1")
    dead.trail._recorder._kept()
    crash(dead, raw)
    heir = process(tmp_path)
    with monkeypatch.context() as away:
        away.setattr(type(heir.trail._blocks), "add", down)
        with pytest.raises(AutoReconnect):
            heir.trail.complete()
    raw[HEADS].update_many({}, {"$unset": {"hand": 1}})

    assert heir.trail.complete() == 1
    assert requests_of(raw) == ["lihat-1"]


def down(*_):
    raise AutoReconnect("away")


def test_the_spool_of_a_living_process_is_left_alone(process, raw, tmp_path):
    living = process(tmp_path)
    look(living, "lihat-1")
    living.trail._recorder._kept()
    raw[HEADS].update_many({}, {"$set": {"boot": "another", "at": 0}})

    assert process(tmp_path).trail.complete() == 0
    assert requests_of(raw) == []
    living.trail.flush()
    assert requests_of(raw) == ["lihat-1"]


def test_an_ordered_end_leaves_nothing(process, raw, tmp_path):
    store = process(tmp_path)
    look(store, "lihat-1")
    store.trail._recorder._kept()
    store.trail.close()

    assert requests_of(raw) == ["lihat-1"]
    assert list(tmp_path.glob("*/*")) == []


def test_a_spool_that_cannot_be_written_lets_blocks_follow_at_once(process, raw, tmp_path):
    store = process(tmp_path / "audit")
    look(store, "lihat-1")
    store.trail._recorder._kept()
    assert store.trail._recorder._pause() == BLOCK_SECONDS
    store.trail.flush()
    shutil.rmtree(tmp_path / "audit")
    (tmp_path / "audit").write_text("in the way")
    look(store, "lihat-2")
    store.trail._recorder._kept()

    assert store.trail._recorder._pause() <= PAUSE_SECONDS
    store.trail.flush()
    assert requests_of(raw) == ["lihat-1", "lihat-2"]


@pytest.mark.process
def test_a_worker_on_the_machine_tells_what_the_one_before_it_had_left(
    process, raw, settings, tmp_path
):
    dead = process(tmp_path)
    look(dead, "lihat-1")
    dead.trail._recorder._kept()
    crash(dead, raw)
    environment = {
        "FHIR_MONGODB_URI": settings.mongodb_uri,
        "FHIR_MONGODB_DATABASE": settings.mongodb_database,
        "FHIR_AUDIT_FOLDER": str(tmp_path),
    }
    worker = subprocess.Popen(command("worker"), env=os.environ | environment)
    try:
        until(lambda: "lihat-1" in requests_of(raw), PATIENCE)
    finally:
        worker.terminate()
        worker.wait(PATIENCE)
