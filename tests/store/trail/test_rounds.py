"""A round is made for everything that calls for one, and none after the end."""

from __future__ import annotations

import errno
import threading
from unittest.mock import Mock

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


def test_one_that_fails_makes_the_next(monkeypatch):
    monkeypatch.setattr("fhir_server.store.trail.rounds.FAILED_SECONDS", 0.01)
    waiting, done = [1, 2], []

    def work():
        if not done:
            done.append("failed")
            raise OSError(errno.EMFILE, "too many open files")
        while waiting:
            done.append(waiting.pop())

    rounds = Rounds("uji-gagal", work, pause=lambda: 0.0, waiting=lambda: waiting)
    rounds.call()
    until(lambda: done == ["failed", 2, 1], PATIENCE)
    until(lambda: rounds.resting, PATIENCE)
    rounds.end()


def test_a_thread_that_cannot_be_started_is_started_by_the_next_call(monkeypatch):
    waiting, done, rounds = made("uji-tanpa-utas")
    waiting.append(1)
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError("no more threads")))
        rounds.call()
    assert rounds.resting
    rounds.call()
    until(lambda: done == [1], PATIENCE)
    rounds.end()
