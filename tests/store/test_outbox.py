"""The outbox: rows with the write, numbers after it, nothing missed and nothing twice."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from bson import ObjectId

from fhir_server.errors import Conflict
from fhir_server.store import transactions
from fhir_server.store.mongo import connect
from fhir_server.store.ops import Check, Delete, Notice
from fhir_server.store.outbox import STATE, Outbox, gathered, nobody
from tests.store.writes import create, put

FEED = Notice("umpan", "Organization/rs-a")
OTHER = Notice("umpan", "Organization/rs-b")
BRIDGE = Notice("hapi")
NO_CONDITION = Check((), (), lambda _: None)


def told(store, target="umpan", audience=None, after=0):
    while store.outbox.number():
        pass
    rows = store.outbox.after(target, audience, after)
    return [(row.audience, row.id, row.version, row.method) for row in rows]


@pytest.fixture
def rows(store):
    return store._database["_outbox"]


ROADS = {
    "create": lambda: [create("1", notices=(FEED,))],
    "update": lambda: [put("1", notices=(FEED,))],
    "together": lambda: [create("1", notices=(FEED,)), create("2")],
}


@pytest.mark.parametrize("road", ROADS)
def test_each_road_writes_the_row_with_the_resource(store, road):
    store.transact(ROADS[road]())

    method = "PUT" if road == "update" else "POST"
    assert told(store) == [("Organization/rs-a", "1", 1, method)]


def test_conditions_that_refuse_a_write_tell_nobody(store):
    def refuse(_):
        raise Conflict("no")

    with pytest.raises(Conflict):
        store.transact([create("1", notices=(FEED,))], [Check((), (), refuse)])

    assert told(store) == []


def test_versions_are_told_one_by_one_and_each_reader_has_its_own(store):
    store.transact([create("1", notices=(FEED, OTHER, BRIDGE))])
    store.transact([put("1", 2, notices=(OTHER,))])

    assert told(store, "umpan", "Organization/rs-b") == [
        ("Organization/rs-b", "1", 1, "POST"),
        ("Organization/rs-b", "1", 2, "PUT"),
    ]
    assert told(store, "umpan", "Organization/rs-a") == [("Organization/rs-a", "1", 1, "POST")]
    assert told(store, "hapi", "") == [("", "1", 1, "POST")]


@pytest.mark.parametrize("road", ["alone", "together"])
def test_a_deletion_is_told_to_whoever_knew_any_version(store, road):
    store.transact([create("1", notices=(FEED,))])
    store.transact([put("1", 2, notices=(OTHER,))])
    store.transact([put("1", 3)], [NO_CONDITION] if road == "together" else [])

    store.transact([Delete("Patient", "1")], [NO_CONDITION] if road == "together" else [])

    gone = [row for row in told(store) if row[3] == "DELETE"]
    assert sorted(gone) == [
        ("Organization/rs-a", "1", 4, "DELETE"),
        ("Organization/rs-b", "1", 4, "DELETE"),
    ]


def test_what_comes_back_tells_only_whom_it_names(store):
    store.transact([create("1", notices=(FEED,))])
    store.transact([Delete("Patient", "1")])
    store.transact([put("1", 3, notices=(OTHER,))])

    store.transact([Delete("Patient", "1")])

    assert told(store)[-1] == ("Organization/rs-b", "1", 4, "DELETE")
    assert [row[2] for row in told(store)] == [1, 2, 3, 4]


def test_an_update_that_changes_nothing_tells_nothing(store):
    store.transact([put("1", notices=(FEED,))])

    store.transact([put("1", notices=(FEED,))])

    assert len(told(store)) == 1


def test_a_write_that_fails_tells_nothing_and_others_beside_it_are_told(store):
    store.transact([create("1")])

    with ThreadPoolExecutor(8) as pool:
        tried = [
            pool.submit(store.transact, [create(f"{n % 5}", n, notices=(FEED,))]) for n in range(10)
        ]
        outcomes = [each.exception() for each in tried]

    assert sum(isinstance(each, Conflict) for each in outcomes) == 6
    assert sorted(row[1] for row in told(store)) == ["0", "2", "3", "4"]


def test_a_write_without_notices_touches_no_outbox(store, commands):
    store.transact([create("first")])
    commands.clear()

    store.transact([create("new")])
    store.transact([put("new", 2)])
    store.transact([Delete("Patient", "new")])

    assert commands.names == [
        "insert",
        *("findAndModify", "insert", "commitTransaction"),
        *("findAndModify", "insert", "commitTransaction"),
    ]
    assert "_outbox" not in store._database.list_collection_names()


def test_to_tell_costs_a_create_two_round_trips_more(store, commands):
    store.transact([create("first", notices=(FEED,))])
    commands.clear()

    store.transact([create("new", notices=(FEED, OTHER))])

    assert commands.names == ["insert", "insert", "commitTransaction"]


def test_numbers_have_no_gap_and_only_grow(store):
    for n in range(7):
        store.transact([create(f"{n}", notices=(FEED, OTHER))])

    assert store.outbox.number(4) == 4
    assert store.outbox.last() == 4
    assert [row.n for row in store.outbox.after("umpan")] == [1, 2, 3, 4]
    while store.outbox.number(4):
        pass
    assert [row.n for row in store.outbox.after("umpan", None, 4)] == list(range(5, 15))
    assert [row.n for row in store.outbox.after("umpan", None, 4, limit=2)] == [5, 6]


def test_versions_of_a_resource_keep_their_order(store):
    store.transact([create("1", notices=(FEED,))])
    for n in range(2, 30):
        store.transact([put("1", n, notices=(FEED,))])

    assert [row[2] for row in told(store)] == list(range(1, 30))


def test_what_commits_late_is_numbered_late(store):
    """A reader that has gone on never misses a row that was begun before and committed after."""
    store.transact([create("seen", notices=(FEED,))])
    begun, go_on = threading.Event(), threading.Event()

    def slow(_):
        begun.set()
        assert go_on.wait(60)

    late = Check((), (), slow, "after")
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(store.transact, [create("late", notices=(FEED,))], [late])
        assert begun.wait(60)
        store.transact([create("early", notices=(FEED,))])
        first = told(store)
        cursor = store.outbox.last()
        go_on.set()
        writing.result(60)

    assert [row[1] for row in first] == ["seen", "early"]
    assert [row[1] for row in told(store, after=cursor)] == ["late"]


@pytest.mark.parametrize("more", [[], ["new"]], ids=["nothing new", "something new"])
@pytest.mark.parametrize("carried_out", [0, 2, 4])
def test_a_plan_left_by_a_dead_process_is_carried_out(store, rows, carried_out, more):
    for n in range(4):
        store.transact([create(f"{n}", notices=(FEED,))])
    ids = [row["_id"] for row in rows.find().sort("t", 1)]
    plan = {"mark": "of the dead", "ids": ids}
    store._database[STATE].insert_one({"_id": "numbers", "last": 0, "plan": plan})
    for place, row in enumerate(ids[:carried_out], start=1):
        rows.update_one({"_id": row}, {"$set": {"n": place}})
    for name in more:
        store.transact([create(name, notices=(FEED,))])

    seen = store.outbox.after("umpan")
    names = [row[1] for row in told(store)]

    assert seen == []
    assert names == ["0", "1", "2", "3", *more]
    assert [row.n for row in store.outbox.after("umpan")] == list(range(1, 5 + len(more)))


def test_a_process_that_wakes_late_changes_no_number(store):
    for n in range(4):
        store.transact([create(f"{n}", notices=(FEED,))])
    stale = Outbox(store._database)
    state = stale._begun()
    ids = [row["_id"] for row in stale._rows.find({"n": 0})]
    while store.outbox.number():
        pass
    before = store.outbox.after("umpan")

    assert stale._planned(state, ids) == 0
    stale._carry_out({"last": 0, "plan": {"mark": "old", "ids": list(reversed(ids))}})

    assert store.outbox.after("umpan") == before
    assert store.outbox.last() == 4


def write_and_read(settings, number):
    """Write in one process, some slowly; number and read on meanwhile; give what was read."""
    store = connect(settings.mongodb_uri, settings)
    try:
        seen, cursor = [], 0
        for each in range(15):
            name = f"{number}-{each}"
            store.transact([create(name, notices=(FEED,)), create(f"{name}-b", notices=(FEED,))])
            store.outbox.number(7)
            rows = store.outbox.after("umpan", FEED.audience, cursor, 5)
            cursor = rows[-1].n if rows else cursor
            seen += [(row.n, row.id) for row in rows]
        return cursor, seen
    finally:
        store.close()


def test_processes_that_write_number_and_read_at_once_agree(store, settings):
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        jobs = [pool.apply_async(write_and_read, (settings, n)) for n in range(3)]
        readers = [job.get(120) for job in jobs]
    while store.outbox.number():
        pass

    whole = [(row.n, row.id) for row in store.outbox.after("umpan", FEED.audience)]
    assert [n for n, _ in whole] == list(range(1, 91))
    assert len({name for _, name in whole}) == 90
    for cursor, seen in readers:
        assert seen == whole[:cursor]


def test_old_rows_are_swept_and_the_reader_can_tell(store, rows):
    store.transact([create("old", notices=(FEED,))])
    assert told(store)
    row = rows.find_one_and_delete({})
    rows.insert_one(row | {"_id": ObjectId("0" * 24)})
    store.transact([create("new", notices=(FEED,))])
    rows.insert_one({**row, "_id": ObjectId("1" * 24), "n": 0, "id": "unread"})
    told_to = (FEED.target, FEED.audience)
    assert store.outbox.swept(*told_to) == 0
    assert store.outbox.sweep("another", 30) == 0

    assert store.outbox.sweep(FEED.target, 30) == 1

    assert store.outbox.swept(*told_to) == 1
    assert store.outbox.swept(FEED.target, "Organization/another") == 0
    assert [row[1] for row in told(store)] == ["unread", "new"]


def test_an_empty_outbox_answers(store):
    assert store.outbox.number() == 0
    assert store.outbox.last() == store.outbox.swept("umpan") == 0
    assert store.outbox.after("umpan") == []


def test_providers_are_asked_in_turn_and_none_costs_nothing():
    def feed(document):
        return [FEED] if document["resourceType"] == "Task" else []

    asked = gathered([None, feed, lambda _: (BRIDGE,)])

    assert asked({"resourceType": "Task"}) == (FEED, BRIDGE)
    assert asked({"resourceType": "Patient"}) == (BRIDGE,)
    assert gathered([None]) is nobody


def test_the_road_of_a_write_asks_who_is_told(context):
    from fhir_server.interactions.write import commit, prepare  # noqa: PLC0415

    telling = replace(context, notices=lambda document: (Notice("x", document["id"]),))
    body = b'{"resourceType":"Basic","code":{"text":"x"}}'

    written = commit(telling, [prepare(telling, body)])[0].stored

    assert told(context.store, "x") == [(written.id, written.id, 1, "POST")]


def test_a_transaction_that_runs_again_tells_once(store):
    tries = []

    def once_more(_):
        tries.append(1)
        if len(tries) == 1:
            raise transactions.Again

    store.transact([create("1", notices=(FEED,))], [Check((), (), once_more)])

    assert len(tries) == 2
    assert len(told(store)) == 1
