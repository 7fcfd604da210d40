"""Entries of the archive are closed together, a moment after the answer, and none is forgotten."""

import os
import threading

import pytest
from pymongo import UpdateOne
from pymongo.errors import AutoReconnect

from fhir_server.sop import penutupan
from fhir_server.sop.penutupan import Penutupan

PATIENCE = 60


class Archive:
    """Keeps what is written; fails as often as it is told to."""

    def __init__(self, failures=0):
        self.failures = failures
        self.written = []
        self.done = threading.Event()

    def __call__(self, some):
        if self.failures:
            self.failures -= 1
            raise AutoReconnect("gone")
        self.written.append(list(some))
        self.done.set()


def closing(number):
    return UpdateOne({"_id": number}, {"$set": {"keadaan": "selesai"}})


def test_what_is_closed_is_written_without_anybody_waiting():
    archive = Archive()

    Penutupan(archive).add(closing(1))

    assert archive.done.wait(PATIENCE)
    assert archive.written == [[closing(1)]]


def test_what_waits_is_written_together(monkeypatch):
    monkeypatch.setattr(penutupan, "SECONDS", PATIENCE)
    archive = Archive()
    closings = Penutupan(archive)

    for number in range(3):
        closings.add(closing(number))
    closings.flush()

    assert archive.written == [[closing(0), closing(1), closing(2)]]


def test_what_could_not_be_written_is_written_later(monkeypatch):
    monkeypatch.setattr(penutupan, "AGAIN_SECONDS", 0.01)
    archive = Archive(failures=2)

    Penutupan(archive).add(closing(1))

    assert archive.done.wait(PATIENCE)
    assert archive.written == [[closing(1)]]


def test_who_asks_learns_that_it_could_not_be_written(monkeypatch):
    monkeypatch.setattr(penutupan, "SECONDS", PATIENCE)
    closings = Penutupan(Archive(failures=1))
    closings.add(closing(1))

    with pytest.raises(AutoReconnect):
        closings.flush()


def test_too_many_are_not_left_waiting(monkeypatch):
    monkeypatch.setattr(penutupan, "SECONDS", PATIENCE)
    monkeypatch.setattr(penutupan, "MOST", 2)
    archive = Archive()
    closings = Penutupan(archive)

    for number in range(3):
        closings.add(closing(number))

    assert [len(each) for each in archive.written] == [3]


def test_a_forked_process_writes_nothing_of_its_parent(monkeypatch):
    monkeypatch.setattr(penutupan, "SECONDS", PATIENCE)
    archive = Archive()
    closings = Penutupan(archive)
    closings.add(closing(1))

    child = os.fork()
    if child == 0:
        closings.flush()
        os._exit(len(archive.written))
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
