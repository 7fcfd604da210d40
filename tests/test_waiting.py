import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest
from greenlet import getcurrent

from fhir_server.store.coalesce import Coalescer
from fhir_server.waiting import Bell, Turns, aside, breathe
from tests.support.processes import PATIENCE_SECONDS, until

HERE = ContextVar("HERE", default="nobody")


@pytest.fixture(scope="module")
def turns():
    return Turns()


def given(turns, *works):
    """Run works in turn; give what each returned or raised, in the order they ended."""
    ended = []
    for work in works:

        def run(work=work):
            try:
                ended.append(work())
            except Exception as error:  # noqa: BLE001 -- the outcome is what the test looks at
                ended.append(error)

        turns.run(run)
    until(lambda: len(ended) == len(works))
    return ended


def test_who_has_a_thread_blocks_in_it():
    assert aside(threading.get_ident) == threading.get_ident()


def test_requests_in_turn_share_a_thread_and_block_in_others(turns):
    threads = given(turns, threading.get_ident, threading.get_ident)
    (blocked,) = given(turns, lambda: aside(threading.get_ident))

    assert threads[0] == threads[1] != threading.get_ident()
    assert blocked not in threads


def test_while_one_blocks_the_next_have_their_turn(turns):
    opened = threading.Event()

    def blocking():
        return aside(lambda: opened.wait(PATIENCE_SECONDS) and "blocked")

    def opening():
        opened.set()
        return "next"

    assert given(turns, blocking, opening) == ["next", "blocked"]


def test_what_is_raised_aside_is_raised_where_the_request_goes_on(turns):
    def failing():
        try:
            return aside(lambda: 1 / 0)
        except ZeroDivisionError:
            return "caught"

    assert given(turns, failing) == ["caught"]


def test_a_request_keeps_its_context_aside_and_lends_it_to_nobody(turns):
    def named():
        HERE.set("somebody")
        breathe()
        return aside(HERE.get)

    assert sorted(given(turns, named, HERE.get, lambda: aside(HERE.get))) == [
        "nobody",
        "nobody",
        "somebody",
    ]


def test_a_bell_rung_by_a_thread_or_in_turn_wakes_who_waits_either_way(turns):
    def rung(ring):
        bell = Bell()
        ring(bell)
        bell.wait()
        return "awake"

    def by_thread(bell):
        threading.Thread(target=bell.ring).start()

    def in_turn(bell):
        turns.run(bell.ring)

    assert given(turns, lambda: rung(by_thread), lambda: rung(in_turn)) == ["awake"] * 2
    assert rung(by_thread) == rung(in_turn) == "awake"


def test_a_request_that_fails_in_its_turn_ends_nobody_elses(turns):
    def failing():
        raise SystemExit

    turns.run(failing)

    assert given(turns, lambda: "next") == ["next"]


def test_requests_with_threads_and_in_turn_share_batches_and_each_gets_its_own(turns):
    batches = []

    def run(items):
        batches.append(len(items))
        return [ValueError(item) if item % 7 == 0 else item * 10 for item in items]

    coalescer = Coalescer(run)

    def ask(item):
        try:
            return coalescer.ask(item)
        except ValueError as error:
            return str(error)

    wanted = {item: str(item) if item % 7 == 0 else item * 10 for item in range(400)}
    found = {}
    with ThreadPoolExecutor(8) as pool:
        for item in range(0, 400, 2):
            turns.run(lambda item=item: found.update({item: ask(item)}))
        found |= dict(zip(range(1, 400, 2), pool.map(ask, range(1, 400, 2)), strict=True))
    until(lambda: len(found) == len(wanted))

    assert found == wanted
    assert sum(batches) == len(wanted)


def test_the_next_request_knows_nothing_of_the_one_before(turns):
    (one,) = given(turns, lambda: HERE.set("one") and getcurrent())
    (other, where) = given(turns, lambda: (getcurrent(), HERE.get()))[0]

    assert other is one  # it is used again
    assert where == "nobody"
