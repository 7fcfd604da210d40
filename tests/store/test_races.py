"""Several server processes on one database."""

import multiprocessing

import pytest

from fhir_server.errors import Conflict, PreconditionFailed
from fhir_server.store.mongo import connect
from fhir_server.store.ops import Delete
from tests.store.writes import create, put

PROCESSES = 3
CONTEXT = multiprocessing.get_context("spawn")


def race(work, settings, *more):
    """Run ``work(store, number, *more)`` in processes at once; give what they return."""
    with CONTEXT.Pool(PROCESSES) as pool:
        jobs = [pool.apply_async(run, (work, settings, n, *more)) for n in range(PROCESSES)]
        return [job.get(300) for job in jobs]


def run(work, settings, number, *more):
    store = connect(settings.mongodb_uri, settings)
    try:
        return work(store, number, *more)
    finally:
        store.close()


def keep_updating(store, number):
    for each in range(20):
        store.transact([put("1", (number + 1) * 100 + each)])


def update_if(store, number):
    try:
        store.transact([put("1", number + 10, if_match=1)])
    except PreconditionFailed:
        return False
    return True


def create_with_others(store, number):
    try:
        store.transact([create("1"), create(f"with-{number}", resource_type="Task")])
    except Conflict:
        return False
    return True


def come_and_go(store, number):
    for each in range(10):
        store.transact([put("1", each), put(f"own-{number}")])
        store.transact([Delete("Patient", "1")])


@pytest.mark.parametrize("first", [True, False], ids=["there", "not there"])
def test_updates_of_one_resource_lose_no_version(store, settings, first):
    if first:
        store.transact([create("1", 1)])

    race(keep_updating, settings)

    history = store.history("Patient", "1", count=1000).resources
    assert [each.version for each in history] == list(range(20 * PROCESSES + first, 0, -1))
    assert len({each.text.raw for each in history}) == 20 * PROCESSES + first


def test_if_match_has_one_winner(store, settings):
    store.transact([create("1")])

    outcomes = race(update_if, settings)

    assert outcomes.count(True) == 1
    assert store.read("Patient", "1").version == 2


def test_one_of_many_transactions_gets_the_id(store, settings):
    outcomes = race(create_with_others, settings)

    assert outcomes.count(True) == 1
    assert store.statistics() == {"Patient": 1, "Task": 1}


def test_what_comes_and_goes_keeps_its_versions_without_gaps(store, settings):
    race(come_and_go, settings)

    history = store.history("Patient", "1", count=1000).resources
    assert [each.version for each in history] == list(range(len(history), 0, -1))
    assert len(history) >= 2 * 10


def test_all_processes_share_a_secret(store, settings):
    outcomes = race(ask_secret, settings)

    assert len(set(outcomes)) == 1
    assert len(outcomes[0]) == 32
    assert store.secret("page") == outcomes[0]


def ask_secret(store, _):
    return store.secret("page")
