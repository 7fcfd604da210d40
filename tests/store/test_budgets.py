"""The round trips that each interaction may cost."""

import pytest

from fhir_server.search.plan import Plan
from fhir_server.store.ops import Check, Delete
from tests.store.writes import create, put


@pytest.fixture
def busy(store, commands):
    """A store that has seen the type, so that its collections are there."""
    store.transact([create("old"), *(create(f"old-{n}") for n in range(200))])
    store.transact([Delete("Patient", "old-199"), put("old", 2)])
    commands.clear()
    return store


def test_read_costs_one(busy, commands):
    busy.read("Patient", "old")

    assert commands.round_trips == 1


@pytest.mark.parametrize("version", [1, 2])
def test_vread_costs_one(busy, commands, version):
    busy.vread("Patient", "old", version)

    assert commands.round_trips == 1


@pytest.mark.parametrize("whose", [("Patient", "old"), ("Patient",)])
def test_history_costs_one(busy, commands, whose):
    busy.history(*whose)

    assert commands.round_trips == 1


def test_history_of_everything_lists_the_collections_first(busy, commands):
    busy.history()

    assert commands.names == ["listCollections", "aggregate"]


def test_search_costs_one(busy, commands):
    busy.search(Plan("Patient"))

    assert commands.round_trips == 1


def test_create_costs_one(busy, commands):
    busy.transact([create("new")])

    assert commands.names == ["insert"]


@pytest.mark.parametrize(
    "op",
    [put("old"), put("new"), put("old", if_match=2), Delete("Patient", "old")],
    ids=["update", "create on update", "if match", "delete"],
)
def test_update_and_delete_cost_three(busy, commands, op):
    busy.transact([op])

    assert commands.round_trips == 3
    assert commands.names[-1] == "commitTransaction"


@pytest.mark.parametrize("number", [1, 10, 200])
def test_a_transaction_of_creates_costs_two(busy, commands, number):
    busy.transact([create(f"new-{n}") for n in range(number)] + [create("another")])

    assert commands.names == ["insert", "commitTransaction"]


@pytest.mark.parametrize("number", [1, 10, 199])
def test_a_transaction_of_anything_costs_six(busy, commands, number):
    third = number // 3
    ops = [put(f"old-{n}", 2) for n in range(third)]
    ops += [put(f"new-{n}") for n in range(third)]
    ops += [Delete("Patient", f"old-{n}") for n in range(third, number)]

    busy.transact(ops)

    assert commands.round_trips <= 6


def test_a_condition_costs_its_plans_and_one_for_all_guards(busy, commands):
    checks = [Check((f"a-{n}", f"b-{n}"), (Plan("Patient"),), lambda _: None) for n in range(2)]
    busy.transact([create("first")], checks)
    commands.clear()

    busy.transact([create("second")], checks)

    assert commands.names == ["update", "find", "find", "insert", "commitTransaction"]
