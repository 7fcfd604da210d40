"""What a dead process had not stored is told from its spool, and from the versions."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess

import pytest
from pymongo.errors import AutoReconnect

from fhir_server.auth.principals import Principal
from fhir_server.errors import Unavailable
from fhir_server.store import trail
from fhir_server.store.ops import Delete
from fhir_server.store.trail import pending, portions
from fhir_server.store.trail.blocks import TRAIL
from fhir_server.store.trail.heads import HEADS
from fhir_server.store.trail.recorder import BLOCK_SECONDS, PAUSE_SECONDS
from tests.support.processes import until
from tests.support.server import command
from tests.support.trails import crash, down, look, put, requests_of, told, write

PATIENCE = 120


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


def test_a_write_that_cannot_be_recorded_is_refused(process, raw, monkeypatch):
    from fhir_server.store.trail.blocks import Blocks  # noqa: PLC0415

    store = process()
    store.trail.access(Principal("uji"), "", "a")
    with monkeypatch.context() as away:
        away.setattr(Blocks, "add", down)
        with pytest.raises(Unavailable):
            store.transact([put("a")])

    assert store.read("Basic", "a") is None

    write(store, "b")
    crash(store, raw)
    assert process().trail.complete() == 1
    assert set(told(raw)) == {"Basic/b/1"}


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


def test_a_chain_that_cannot_be_read_holds_up_no_other(process, raw):
    names = ("rusak", "tulis")
    for each in names:
        dead = process()
        write(dead, each)
        if each == "rusak":
            dead.trail.flush()
            damaged = dead.trail._recorder.chain
        crash(dead, raw)
    raw[TRAIL].update_many({"c": damaged}, {"$set": {"z": b"no block"}})

    assert process().trail.complete() == 1
    assert raw[HEADS].count_documents({"open": True}) == 1


def test_whatever_goes_wrong_the_trail_is_tended_again(process, monkeypatch):
    store = process()
    done = []

    def complete():
        done.append(1)
        if len(done) == 1:
            raise OSError(errno.EROFS, "a disk that cannot be written")
        return 0

    monkeypatch.setattr(trail, "DEAD_SECONDS", 0.01)
    monkeypatch.setattr(store.trail, "complete", complete)
    store.trail.start()

    until(lambda: len(done) > 1, PATIENCE)


def test_a_block_is_stored_once_when_it_cannot_be_noted_what_it_holds(process, raw, monkeypatch):
    other, store = process(), process()
    look(other, "lain")
    look(store, "awal")
    store.trail.flush()
    other.trail.flush()
    look(store, "lihat")
    store.trail._recorder._own._anchored = -1e9
    with monkeypatch.context() as away:
        away.setattr(type(store.trail._blocks.heads), "held", down)
        with contextlib.suppress(Unavailable):
            store.trail.flush()
    store.trail.flush()

    assert requests_of(raw) == ["awal", "lain", "lihat"]


@pytest.mark.parametrize("spooled", [False, True])
def test_a_database_that_was_never_there_does_not_fill_the_memory(
    process, tmp_path, monkeypatch, spooled
):
    monkeypatch.setattr(pending, "MOST_PARTS", 2)
    monkeypatch.setattr(portions, "MOST", 5)
    store = process(tmp_path if spooled else "")
    with monkeypatch.context() as away:
        away.setattr(type(store.trail._blocks), "prepare", down)
        look(store, *map(str, range(100)))
        if spooled:
            store.trail._recorder._kept()
        with pytest.raises(Unavailable):
            store.trail.flush()
        assert len(store.trail._recorder._pending) <= 15
    store.trail.flush()

    verdict = store.trail.verify()
    assert verdict.events + verdict.lost == 100
