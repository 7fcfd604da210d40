"""Events on their way into blocks: none is left behind, none is another's."""

from __future__ import annotations

import threading
from unittest.mock import Mock

import orjson
import pytest
from pymongo.errors import AutoReconnect

from fhir_server.store import traces
from fhir_server.store.trail import Event, Told, pending, told
from fhir_server.store.trail.pending import Pending
from fhir_server.store.trail.portions import LONGEST_MS, MOST, Portion, portions
from fhir_server.store.trail.spool import Spool


def row(moment=0, *, who="uji", patients=(), changes=()):
    said = [moment, "R", "read", 200, {"subject": who}, "", "", "Patient/p", None]
    return [*said, list(patients), list(changes), 0, None]


def event(number):
    return Event(
        number, traces.Access(None, "", ""), "GET", f"/fhir/Patient/p{number}", "", 200, ()
    )


def tell(given):
    return Told(row(given.moment, patients=[f"p{given.moment}"]))


def test_what_is_written_out_is_read_again():
    portion = Portion()
    for moment, who in enumerate(("bidan", "dokter", "bidan")):
        assert portion.takes(row(moment, who=who, patients=["siti"]))

    people, rows = orjson.loads(portion.written())

    assert [people[each[4]]["subject"] for each in rows] == ["bidan", "dokter", "bidan"]
    assert (portion.first, portion.last, len(portion), portion.patients) == (0, 2, 3, {"siti"})


def test_nobody_is_taken_for_another_whose_place_in_memory_was_used_before():
    portion = Portion()
    for number in range(200):
        assert portion.takes(row(number, who=f"petugas-{number % 7}"))

    people, rows = orjson.loads(portion.written())

    told = [people[each[4]]["subject"] for each in rows]
    assert told == [f"petugas-{number % 7}" for number in range(200)]
    assert len(people) == 7


def test_half_of_a_character_holds_up_nothing():
    portion = Portion()
    given = row(0, who="Siti \ud800")
    given[7] = "Patient/\udfff"
    assert portion.takes(given)

    people, rows = orjson.loads(portion.written())

    assert (people[0]["subject"], rows[0][7]) == ("Siti ?", "Patient/?")


@pytest.mark.parametrize(
    "more",
    [row(LONGEST_MS + 1), row(-1), row(1, changes=[["C", "Task", "t", 1, ()]] * MOST)],
)
def test_what_does_not_fit_is_left_out_whole(more):
    portion = Portion()
    assert portion.takes(row(0))
    assert portion.takes(row(LONGEST_MS))
    before = portion.written()

    assert not portion.takes(more)

    assert (portion.written(), portion.patients, portion.last) == (before, set(), LONGEST_MS)


def test_one_event_that_is_too_much_has_a_block_of_its_own():
    large = row(1, changes=[["C", "Task", "t", 1, ("siti",)]] * (MOST + 1))

    parts = portions([row(2), large, row(0)])

    assert [len(each) for each in parts] == [1, 1, 1]
    assert parts[1].patients == {"siti"}
    assert portions([]) == []


def test_of_many_threads_no_event_is_left_behind():
    waiting = Pending(tell)
    stored = []

    def bring(first):
        for number in range(first, first + 500):
            waiting.take(event(number))

    threads = [threading.Thread(target=bring, args=(first,)) for first in range(0, 4000, 500)]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads) or len(waiting):
        waiting.close(Mock())
        while waiting.parts:
            stored += orjson.loads(waiting.parts[0].written())[1]
            waiting.stored(0)

    assert sorted(each[0] for each in stored) == list(range(4000))


def test_an_event_that_cannot_be_told_is_counted_and_holds_up_no_other():
    waiting = Pending(Mock(side_effect=[tell(event(0)), ValueError("a bug"), tell(event(2))]))
    for number in range(3):
        waiting.take(event(number))
    waiting.close(Mock())

    assert (len(waiting), waiting.lost) == (2, 1)
    assert waiting.parts[0].patients == {"p0", "p2"}


def test_an_event_that_cannot_be_written_down_is_counted_and_holds_up_no_other(tmp_path):
    bad = Told(row(1, who=object()))
    unseen = Told(row(2, who=object()), (("Observation", "o"),))
    for spool in (None, Spool(tmp_path, "c")):
        waiting = Pending(Mock(side_effect=[tell(event(0)), bad, unseen, tell(event(3))]), spool)
        for number in range(4):
            waiting.take(event(number))
        waiting.close(Mock())

        assert waiting.parts[0].patients == {"p0", "p3"}
        assert (len(waiting), waiting.lost) == (2, 2)
        waiting.leave()


def test_what_cannot_be_looked_up_for_a_bug_is_told_without(monkeypatch):
    monkeypatch.setattr(told, "looked_up", Mock(side_effect=KeyError("a bug")))
    waiting = Pending(lambda given: Told(tell(given).row, (("Observation", "o"),)))
    waiting.take(event(0))
    waiting.close(Mock())

    assert (len(waiting.parts), waiting.lost) == (1, 0)


def test_what_is_too_much_while_the_database_is_away_is_counted(monkeypatch):
    monkeypatch.setattr(pending, "MOST_PARTS", 2)
    monkeypatch.setattr(pending, "MOST_UNSEEN", 3)
    monkeypatch.setattr(told, "looked_up", Mock(side_effect=AutoReconnect("away")))
    waiting = Pending(lambda given: Told(tell(given).row, (("Observation", "o"),)))
    for number in range(5):
        waiting.take(event(number))
        with pytest.raises(AutoReconnect):
            waiting.close(Mock())
    assert (len(waiting), waiting.lost) == (3, 2)

    monkeypatch.setattr(told, "looked_up", Mock(return_value={("Observation", "o"): ("siti",)}))
    for number in (10_000, 20_000):
        waiting.take(event(number))
        waiting.close(Mock())

    assert [len(each) for each in waiting.parts] == [3, 1]
    assert waiting.parts[0].patients == {"p0", "p1", "p2", "siti"}
    assert waiting.lost == 3
