"""A process that others take for dead goes on, or dies later: none of its writes is left untold."""

from __future__ import annotations

import pytest
from pymongo.errors import AutoReconnect

from fhir_server.auth.principals import Principal
from fhir_server.errors import Unavailable
from fhir_server.store import traces
from fhir_server.store.ops import Delete
from fhir_server.store.trail import heads, recorder
from fhir_server.store.trail.blocks import TRAIL, Blocks
from fhir_server.store.trail.chain import moment_of, opened
from fhir_server.store.trail.heads import HEADS
from tests.support.trails import crash, down, look, put, requests_of, told, write

LONG_AGO_MS = 1_200_000


def mistaken(raw):
    """Let others see nothing of the processes that live."""
    raw[HEADS].update_many({"open": True}, {"$set": {"boot": "another", "at": 0}})


def later(raw):
    """Let the time come at which a chain that was ended is looked at again."""
    raw[HEADS].update_many({"next": {"$ne": None}}, {"$set": {"next": 0}})


def beat(store):
    """Let a process say that it lives."""
    store.trail._recorder._own._seen = -1e9
    store.trail._recorder._own.beat()


def working(store, name):
    """Begin a request that is not answered yet."""
    access = store.trail.access(Principal("uji"), "", name)
    store.transact([put(name)])
    return access


def changes(raw):
    """Give what the trail tells of changes, as often as it does."""
    rows = [row for block in raw[TRAIL].find() for row in opened(block)[1]]
    return sorted(f"{change[2]}/{change[3]}" for row in rows for change in row[10])


def test_what_it_writes_under_its_ended_chain_is_told(process, raw):
    store, heir = process(), process()
    write(store, "tulis-1")
    store.trail.flush()
    mistaken(raw)
    assert heir.trail.complete() == 0
    write(store, "tulis-2")
    crash(store, raw)
    assert heir.trail.complete() == 0  # it is not time yet
    later(raw)

    assert heir.trail.complete() == 1
    later(raw)
    assert heir.trail.complete() == 0
    assert requests_of(raw) == ["tulis-1", "tulis-2"]
    assert heir.trail.verify().faults == []


def test_a_beat_does_not_open_an_ended_chain_but_begins_another(process, raw):
    store, heir = process(), process()
    write(store, "tulis-1")
    store.trail.flush()
    ended = store.trail._recorder.chain
    mistaken(raw)
    heir.trail.complete()

    beat(store)

    assert raw[HEADS].find_one({"_id": ended})["open"] is False
    assert store.trail._recorder.chain != ended
    write(store, "tulis-2")
    crash(store, raw)
    assert heir.trail.complete() == 1
    assert requests_of(raw) == ["tulis-1", "tulis-2"]


@pytest.mark.parametrize("again", [False, True])
def test_a_request_that_goes_on_across_it_is_told_whole(process, raw, again):
    store, heir = process(), process()
    access = working(store, "lama-1")
    traces.begin(None)
    mistaken(raw)
    assert heir.trail.complete() == 1  # what it had written till then
    if again:
        write(store, "tulis-1")
        store.trail.flush()  # finds out, and begins another chain
    traces.begin(access)
    store.transact([put("lama-2")])
    crash(store, raw)
    heir.trail.complete()
    later(raw)
    heir.trail.complete()

    expected = ["lama-1/1", "lama-2/1", *(["tulis-1/1"] if again else [])]
    assert changes(raw) == expected
    assert heir.trail.verify().faults == []


def test_while_it_lives_under_another_chain_nobody_tells_in_its_stead(process, raw):
    store, heir = process(), process()
    write(store, "tulis-1")
    store.trail.flush()
    mistaken(raw)
    heir.trail.complete()
    access = working(store, "tulis-2")
    beat(store)
    later(raw)
    raw[HEADS].update_many({"open": True}, {"$unset": {"boot": 1}})

    assert heir.trail.complete() == 0
    store.trail.record(access, ("POST", "/fhir/Basic", ""), 201, b"")
    store.trail.flush()
    assert changes(raw) == ["tulis-1/1", "tulis-2/1"]


def test_after_a_day_nobody_looks_again(process, raw):
    store, heir = process(), process()
    write(store, "tulis-1")
    crash(store, raw)
    heir.trail.complete()
    raw[HEADS].update_many({"next": {"$ne": None}}, {"$set": {"next": 0, "ended": 0}})
    heir.trail.complete()

    assert raw[HEADS].count_documents({"next": {"$ne": None}}) == 0


def test_a_head_is_forgotten_once_nothing_is_left_to_tell(process, raw):
    ended, dead, heir, other = process(), process(), process(), process()
    for each in (ended, dead):
        write(each, f"tulis-{id(each)}")
        each.trail.flush()
    names = [each.trail._recorder.chain for each in (ended, dead)]
    ended.close()
    crash(dead, raw)
    heir.trail.complete()
    write(heir, "tulis-2")  # its chain is bound to the ends of both
    heir.trail.complete()
    assert raw[HEADS].distinct("_id", {"open": False}) == names[1:]  # it is looked at again

    raw[HEADS].update_many({"next": {"$ne": None}}, {"$set": {"next": 0, "ended": 0}})
    heir.trail.complete()
    assert raw[HEADS].distinct("_id") == [heir.trail._recorder.chain]

    assert other.trail.verify().faults == []
    for name in names:
        raw[TRAIL].delete_one({"c": name, "d": "ended"})
    assert len(other.trail.verify().faults) == len(names)


def test_heads_of_a_process_are_forgotten_together(process, raw):
    store, heir = process(), process()
    write(store, "tulis-1")
    store.trail.flush()
    mistaken(raw)
    heir.trail.complete()
    beat(store)  # it finds its chain ended and has another
    write(heir, "tulis-2")
    raw[HEADS].update_many({"next": {"$ne": None}}, {"$set": {"next": None}})

    heir.trail.complete()
    assert raw[HEADS].count_documents({"life": store.trail._recorder._own._life}) == 2


def test_a_clock_that_is_wrong_makes_nobody_dead(process, raw, monkeypatch):
    store, heir = process(), process()
    with monkeypatch.context() as wrong:
        past = heads.now() - LONG_AGO_MS
        wrong.setattr(heads, "now", lambda: past)
        wrong.setattr(recorder, "now", lambda: past)
        write(store, "tulis-1")
        beat(store)
    raw[HEADS].update_many({}, {"$set": {"boot": "another"}})

    heir.trail.complete()

    assert raw[HEADS].find_one({"_id": store.trail._recorder.chain})["open"] is True


def test_a_work_of_many_minutes_that_has_told_nothing_is_told(process, raw, monkeypatch):
    store = process()
    past = heads.now() - LONG_AGO_MS
    with monkeypatch.context() as ago:
        ago.setattr(recorder, "now", lambda: past)
        working(store, "kerja")
    traces.begin(None)
    raw["Basic"].update_one({"_id": "kerja"}, {"$set": {"t": moment_of(past)}})
    look(store, "lihat")
    beat(store)
    store.trail.flush()
    crash(store, raw)

    assert process().trail.complete() == 1
    assert set(told(raw)) == {"Basic/kerja/1"}


def test_an_ordered_end_before_a_work_has_ended_leaves_it_to_the_next(process, raw):
    store = process()
    write(store, "tulis")
    working(store, "kerja")
    store.trail.close()
    mistaken(raw)

    heir = process()
    assert heir.trail.complete() == 1
    assert requests_of(raw) == ["kerja", "tulis"]
    assert heir.trail.verify().faults == []


def test_what_is_told_after_an_ordered_end_is_stored_and_told_once(process, raw):
    store = process()
    write(store, "tulis")
    access = working(store, "kerja")
    store.trail.close()
    store.trail.record(access, ("POST", "/fhir/Basic", ""), 201, b"")
    look(store, "lihat")
    write(store, "akhir")
    mistaken(raw)

    heir = process()
    assert heir.trail.complete() == 0
    assert requests_of(raw) == ["akhir", "kerja", "lihat", "tulis"]
    assert heir.trail.verify().faults == []


def test_an_ordered_end_ends_the_chain(process, raw):
    store = process()
    write(store, "tulis")
    store.trail.close()

    assert raw[HEADS].count_documents({"open": True}) == 0
    assert process().trail.complete() == 0


def test_a_chain_of_which_all_blocks_were_removed_is_completed(process, raw):
    store, heir = process(), process()
    look(store, "lihat")
    store.trail.flush()
    beat(store)
    blocks_before = raw[TRAIL].count_documents({"c": store.trail._recorder.chain})
    assert heir.trail.remove(-1) == blocks_before
    write(store, "tulis")
    crash(store, raw)

    assert heir.trail.complete() == 1
    assert requests_of(raw) == ["tulis"]
    assert heir.trail.verify().faults == []


def broken(add):
    """Store a block and lose the connection before the answer."""

    def stored(self, block):
        add(self, block)
        raise AutoReconnect("away")

    return stored


def test_a_chain_whose_beginning_was_stored_unheard_is_the_one_it_writes(process, raw, monkeypatch):
    store = process()
    with monkeypatch.context() as away:
        away.setattr(Blocks, "add", broken(Blocks.add))
        with pytest.raises(Unavailable):
            working(store, "tulis-1")
    write(store, "tulis-2")
    store.trail.flush()

    verdict = store.trail.verify()
    assert (verdict.faults, verdict.chains) == ([], 1)
    assert requests_of(raw) == ["tulis-2"]


def test_a_block_that_was_stored_unheard_is_not_stored_again_in_another_chain(
    process, raw, monkeypatch
):
    store, heir = process(), process()
    write(store, "tulis-1")
    store.trail.flush()
    look(store, "lihat")
    with monkeypatch.context() as away:
        away.setattr(Blocks, "add", broken(Blocks.add))
        with pytest.raises(Unavailable):
            store.trail.flush()
    mistaken(raw)
    heir.trail.complete()
    beat(store)
    write(store, "tulis-2")
    store.trail.flush()

    assert requests_of(raw) == ["lihat", "tulis-1", "tulis-2"]
    assert heir.trail.verify().faults == []


def test_what_was_seen_while_the_database_was_away_from_the_start_is_told(
    process, raw, tmp_path, monkeypatch
):
    store = process(tmp_path)
    with monkeypatch.context() as away:
        away.setattr(Blocks, "prepare", down)
        look(store, "lihat")
        store.trail._recorder._kept()
        crash(store, raw)
    heir = process(tmp_path)

    assert heir.trail.complete() == 1
    assert heir.trail.complete() == 0
    assert requests_of(raw) == ["lihat"]
    assert heir.trail.verify().faults == []


def test_a_work_that_has_written_nothing_does_not_keep_a_chain_from_its_end(process, raw):
    store = process()
    with store.trail.working(Principal("uji"), "kerja"):
        store.transact([Delete("Basic", "nobody-ever")])
    store.trail.close()

    assert raw[HEADS].count_documents({"open": True}) == 0
