from concurrent.futures import ThreadPoolExecutor

import pytest

from fhir_server.errors import Conflict, FhirError, RuleBroken
from fhir_server.search.plan import Plan
from fhir_server.store.ops import Check, Tally
from tests.store.writes import create, put

ALL = Plan("Patient")


def at_most(number, when="after"):
    def decide(found):
        if len(found[0]) > number:
            raise RuleBroken(f"At most {number}.")

    return Check(("patients",), (ALL,), decide, when=when)


@pytest.mark.parametrize(("when", "seen"), [("before", 0), ("after", 1)])
def test_a_check_sees_the_state_before_or_after_the_write(store, when, seen):
    counts = []
    check = Check((), (ALL,), lambda found: counts.append(len(found[0])), when=when)

    store.transact([create("1")], [check])

    assert counts == [seen]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_refusal_undoes_the_write(store, when):
    with pytest.raises(RuleBroken, match="At most"):
        store.transact([create("1")], [at_most(-1 if when == "before" else 0, when)])

    assert store.read("Patient", "1") is None


def test_any_exception_of_decide_comes_out(store):
    class Found(Exception):
        pass

    def decide(_):
        raise Found

    with pytest.raises(Found):
        store.transact([create("1")], [Check((), (ALL,), decide)])

    assert store.read("Patient", "1") is None


def test_writes_that_meet_in_a_guard_do_not_both_pass(store):
    def write(number):
        try:
            store.transact([create(str(number))], [at_most(3)])
        except FhirError as error:
            return type(error)
        return None

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(write, range(16)))

    assert outcomes.count(None) == 3
    assert outcomes.count(RuleBroken) == 13
    assert store.statistics() == {"Patient": 3}


def test_a_tally_moves_on_by_one(store):
    store.transact([create("1")], [Tally("antrean", 0)])
    store.transact([create("2")], [Tally("antrean", 1)])

    assert store.tally("antrean") == 2
    assert store.tally("another") == 0


@pytest.mark.parametrize("expected", [0, 2])
def test_a_tally_that_has_moved_refuses_the_write(store, expected):
    store.transact([create("1")], [Tally("antrean", 0)])

    with pytest.raises(Conflict, match=f"took number {expected + 1}"):
        store.transact([create("2")], [Tally("antrean", expected)])

    assert store.read("Patient", "2") is None
    assert store.tally("antrean") == 1


def test_everybody_who_asks_again_gets_a_number_of_his_own(store):
    def take(number):
        while True:
            expected = store.tally("antrean")
            try:
                store.transact([create(f"{number}")], [Tally("antrean", expected)])
            except Conflict:
                continue
            return expected + 1

    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(take, range(12)))

    assert sorted(numbers) == list(range(1, 13))


def test_conditions_judge_updates_too(store):
    store.transact([create("1")])

    with pytest.raises(RuleBroken):
        store.transact([put("1", 2)], [at_most(0)])

    assert store.read("Patient", "1").version == 1
