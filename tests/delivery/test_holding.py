"""What a dead worker held goes on; what a living one holds is its own, whatever clocks say."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from fhir_server.delivery.engine import Engine
from fhir_server.delivery.runs import LONGEST, RUN, runs
from fhir_server.delivery.target import Later
from fhir_server.errors import Unavailable
from fhir_server.store import versions
from tests.delivery.conftest import Bench
from tests.delivery.fake import Fake
from tests.support.processes import until


@pytest.fixture
def clock(monkeypatch):
    """Give what sets the clock by which deliveries are due."""

    class Set(datetime):
        hours = 0

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=cls.hours)

    monkeypatch.setattr(versions, "datetime", Set)
    return Set


@pytest.fixture
def bench_at(context, clock):
    """Give a bench whose pauses are counted by that clock, too."""
    right = replace(context, clock=lambda: clock.now(UTC))
    return lambda target: Bench(right, target)


def another(bench, lease=None):
    """Give the engine of another worker."""
    seconds = lease or bench.context.settings.delivery_lease_seconds
    settings = replace(bench.context.settings, delivery_lease_seconds=seconds)
    return Engine(replace(bench.context, settings=settings), bench.target, threading.Event())


def claimed(engine):
    """Let an engine claim what is there, and die before it sends any."""
    engine._take_in()
    return engine._claim(100)


def test_what_a_dead_worker_held_is_looked_for_and_sent(bench):
    bench.write("Patient/a")
    assert claimed(another(bench))
    living = another(bench, lease=1)

    def arrived():
        living.drain()
        return bench.state("Patient/a").state == "accepted"

    until(arrived)

    assert bench.target.found == ["Patient"]
    assert bench.target.names == ["Patient/a"]


def test_a_clock_that_is_set_forward_ends_no_claim(bench_at, clock):
    bench = bench_at(Fake())
    bench.write("Patient/a")
    holder = another(bench)
    with holder._holding.living():
        [(run, stored)] = claimed(holder)
        clock.hours = 5

        another(bench).drain()
        before = list(bench.target.sent)
        holder._deliver(run, stored)

    assert before == []
    assert bench.target.names == ["Patient/a"]
    assert bench.state("Patient/a").state == "accepted"


@pytest.mark.parametrize("when", ["written", "failed"])
def test_a_clock_that_is_set_back_delays_nothing(bench_at, clock, when):
    bench = bench_at(Fake(first=600.0, longest=600.0))
    clock.hours = 5
    bench.write("Patient/a")
    if when == "failed":
        bench.target.answers = [Later("down", alone=True)]
        bench.deliver()
    clock.hours = 0

    another(bench).drain()

    assert bench.target.names == ["Patient/a"]


def test_a_pause_that_was_begun_in_the_future_is_over(store, clock):
    clock.hours = 5
    store.dispatches.close("fake", 3000.0, 1, "down")
    during = store.dispatches.health("fake").seconds
    clock.hours = 0

    assert during > 2900
    assert store.dispatches.health("fake").seconds == 0


def test_places_that_were_reserved_in_the_future_are_free(store):
    store.dispatches.reserve("fake", 10, 10.0)
    ahead = {"$set": {"next": datetime.now(UTC) + timedelta(hours=5)}}
    store.dispatches._targets.update_one({"_id": "fake"}, ahead)

    assert store.dispatches.reserve("fake", 10, 10.0) == 0


def test_what_cannot_be_settled_is_given_back_as_soon_as_can_be(bench, monkeypatch):
    bench.write("Patient/a")
    settle = bench.store.dispatches.settle

    def broken(_done):
        monkeypatch.setattr(bench.store.dispatches, "settle", settle)
        raise Unavailable("The database is away.")

    monkeypatch.setattr(bench.store.dispatches, "settle", broken)

    bench.deliver()
    bench.deliver()

    assert bench.target.found == ["Patient"]
    assert bench.target.names == ["Patient/a"]
    assert bench.state("Patient/a").state == "adopted"


def test_a_claim_that_was_not_heard_of_is_given_back(bench, monkeypatch):
    bench.write("Patient/a")
    claim = bench.store.dispatches.claim

    def broken(*asked):
        monkeypatch.setattr(bench.store.dispatches, "claim", claim)
        claim(*asked)
        raise Unavailable("The database is away.")

    monkeypatch.setattr(bench.store.dispatches, "claim", broken)

    with pytest.raises(Unavailable):
        bench.deliver()
    bench.deliver()

    assert bench.target.names == ["Patient/a"]


def delivery(name):
    return SimpleNamespace(reference=name)


def version(*references):
    said = ",".join(f'{{"reference":"{each}"}}' for each in references)
    return SimpleNamespace(text="", raw=f"[{said}]".encode())


def names(found):
    return [[each.reference for each in run] for run in found]


def test_a_visit_is_one_run_and_the_next_one_another():
    visits = [
        [f"Encounter/{n}", *(f"Observation/{n}-{result}" for result in range(9))] for n in range(3)
    ]
    stored = {name: version(visit[0]) for visit in visits for name in visit[1:]}

    found = runs([delivery(name) for visit in visits for name in visit], stored)

    assert names(found) == visits


def test_what_many_refer_to_does_not_make_one_run_of_all():
    claim = ["Patient/p", *(f"Observation/{n}" for n in range(100))]
    stored = {name: version("Patient/p") for name in claim[1:]}

    found = runs([delivery(name) for name in claim], stored)

    assert sorted(each for run in names(found) for each in run) == sorted(claim)
    assert max(map(len, found)) == LONGEST
    assert {len(run) for run in found[1:-1]} <= {RUN}
