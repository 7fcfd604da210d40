"""A round is made for everything that calls for one, and none after the end."""

from __future__ import annotations

import threading

from fhir_server.store.trail.rounds import Rounds
from tests.support.processes import until

PATIENCE = 60


def made(name="uji"):
    """Rounds that take numbers out of a list, and where they put them."""
    waiting, done = [], []

    def work():
        while waiting:
            done.append(waiting.pop())

    return waiting, done, Rounds(name, work, pause=lambda: 0.0, waiting=lambda: waiting)


def test_whoever_calls_only_while_it_rests_is_not_missed():
    waiting, done, rounds = made()

    def bring(first):
        for number in range(first, first + 3000):
            waiting.append(number)
            if rounds.resting:
                rounds.call()

    threads = [threading.Thread(target=bring, args=(first,)) for first in range(0, 12_000, 3000)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    until(lambda: len(done) == 12_000, PATIENCE)
    rounds.end()

    assert sorted(done) == list(range(12_000))


def test_one_that_has_ended_makes_no_round():
    waiting, done, rounds = made("uji-akhir")
    rounds.end()
    waiting.append(1)
    rounds.call()
    until(lambda: not any(each.name == "uji-akhir" for each in threading.enumerate()), PATIENCE)

    assert done == []


def test_its_thread_begins_with_the_first_call():
    _, _, rounds = made("uji-awal")

    assert not any(each.name == "uji-awal" for each in threading.enumerate())
    rounds.call()
    assert any(each.name == "uji-awal" for each in threading.enumerate())
    rounds.end()
