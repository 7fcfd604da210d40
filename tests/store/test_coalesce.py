import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymongo.errors import AutoReconnect

from fhir_server.errors import Conflict, PreconditionFailed, Unavailable
from fhir_server.store.coalesce import LARGEST_BATCH, Coalescer
from fhir_server.store.ops import Delete
from tests.store.writes import create, put
from tests.support.processes import PATIENCE_SECONDS, until


class Gate:
    """A ``run`` that holds its first batch until it is opened, and keeps all batches."""

    def __init__(self, answer=lambda item: item):
        self.batches = []
        self.opened = threading.Event()
        self.answer = answer

    def __call__(self, items):
        self.batches.append(list(items))
        if len(self.batches) == 1:
            assert self.opened.wait(PATIENCE_SECONDS)
        return [self.answer(item) for item in items]


def together(gate, items):
    """Ask for one item, and for the others while it runs; give what became of each."""
    coalescer = Coalescer(gate)

    def ask(item):
        try:
            return coalescer.ask(item)
        except Exception as error:  # noqa: BLE001 -- the outcome is what the test looks at
            return error

    with ThreadPoolExecutor(len(items)) as pool:
        first = pool.submit(ask, items[0])
        until(lambda: gate.batches)
        others = [pool.submit(ask, item) for item in items[1:]]
        until(lambda: len(coalescer._queue) == len(items) - 1)
        gate.opened.set()
        return [each.result() for each in [first, *others]]


def test_who_is_alone_runs_at_once():
    batches = []
    coalescer = Coalescer(lambda items: [batches.append(items) or "answer" for _ in items])

    assert [coalescer.ask(1), coalescer.ask(2)] == ["answer", "answer"]
    assert batches == [[1], [2]]


def test_who_comes_while_another_runs_shares_the_next_batch():
    gate = Gate(lambda item: item * 10)

    outcomes = together(gate, list(range(9)))

    assert outcomes == [item * 10 for item in range(9)]
    assert [len(batch) for batch in gate.batches] == [1, 8]


def test_a_batch_has_a_limit():
    gate = Gate()

    together(gate, list(range(LARGEST_BATCH + 3)))

    assert [len(batch) for batch in gate.batches] == [1, LARGEST_BATCH, 2]


def test_an_error_goes_to_its_own_request():
    gate = Gate(lambda item: Conflict("three") if item == 3 else item)

    outcomes = together(gate, list(range(6)))

    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Conflict)] == [3]


def test_a_driver_error_goes_to_all_of_a_batch_each_its_own():
    def fail(item):
        if item:
            raise AutoReconnect
        return item

    outcomes = together(Gate(fail), list(range(4)))

    assert [type(outcome) for outcome in outcomes[1:]] == [Unavailable] * 3
    assert len({id(outcome) for outcome in outcomes[1:]}) == 3


def test_a_commit_that_nobody_confirmed_is_told_to_all_of_a_batch():
    def fail(_):
        raise Unavailable("It may or may not have happened.")

    outcomes = together(Gate(lambda item: fail(item) if item else item), list(range(4)))

    assert [(type(each), str(each)) for each in outcomes[1:]] == [
        (Unavailable, "It may or may not have happened.")
    ] * 3
    assert len({id(outcome) for outcome in outcomes[1:]}) == 3


def test_a_bug_in_a_batch_leaves_nobody_waiting():
    def fail(item):
        return {0: 0}[item]

    outcomes = together(Gate(fail), list(range(4)))

    assert outcomes[0] == 0
    assert sorted(type(each).__name__ for each in outcomes[1:]) == [
        "KeyError",
        "RuntimeError",
        "RuntimeError",
    ]


@pytest.fixture
def crowd():
    with ThreadPoolExecutor(16) as pool:
        yield lambda do, items: list(pool.map(do, items))


def outcome(do):
    try:
        return do()
    except Exception as error:  # noqa: BLE001 -- the outcome is what the test looks at
        return type(error)


def test_reads_at_once_get_each_its_own(store, crowd):
    written = store.transact([create(str(n)) for n in range(50)])
    store.transact([Delete("Patient", "7")])

    found = crowd(lambda n: store.read("Patient", str(n)), [*range(60)] * 4)

    assert [each and each.id for each in found[:60]] == [str(n) for n in range(50)] + [None] * 10
    assert found[8] == written[8].stored
    assert found[7].text is None
    assert found[60:120] == found[:60]


def test_creates_at_once_conflict_each_for_itself(store, crowd):
    store.transact([create(str(n)) for n in range(0, 40, 4)])

    outcomes = crowd(lambda n: outcome(lambda: store.transact([create(str(n))])), range(40))

    assert [n for n, each in enumerate(outcomes) if each is Conflict] == list(range(0, 40, 4))
    assert store.statistics() == {"Patient": 40}


def test_updates_and_deletions_at_once_have_each_its_own_fate(store, crowd):
    store.transact([create(str(n)) for n in range(40)])
    ops = [
        (put(str(n), 2), put(str(n), 2, if_match=9), Delete("Patient", str(n)))[n % 3]
        for n in range(40)
    ]

    outcomes = crowd(lambda op: outcome(lambda: store.transact([op])), ops)

    assert [n for n, each in enumerate(outcomes) if each is PreconditionFailed] == list(
        range(1, 40, 3)
    )
    assert [store.read("Patient", str(n)).version for n in range(40)] == [
        1 if n % 3 == 1 else 2 for n in range(40)
    ]


def test_updates_of_one_resource_lose_nothing(store, crowd):
    store.transact([create("1", 0)])

    crowd(lambda n: store.transact([put("1", n)]), range(1, 61))

    history = store.history("Patient", "1", count=100).resources
    assert [each.version for each in history] == list(range(61, 0, -1))
    assert len({each.text.raw for each in history}) == 61
    assert [each.moment for each in history] == sorted(
        (each.moment for each in history), reverse=True
    )


class Item:
    """Something a request brings; it can be watched."""


@pytest.mark.parametrize("outcome", ["answer", Conflict("taken")])
def test_a_request_leaves_nothing_to_the_garbage_collector(outcome):
    coalescer = Coalescer(lambda items: [outcome for _ in items])
    item = Item()
    watched = weakref.ref(item)
    gc.disable()
    try:
        try:
            coalescer.ask(item)
        except Conflict as error:
            error.__traceback__ = None
        del item
        assert watched() is None
    finally:
        gc.enable()
