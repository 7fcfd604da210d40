import pytest
import structlog

from fhir_server.search.plan import Join, Plan, SortKey
from fhir_server.store import shapes
from fhir_server.store.shapes import Shapes, is_served, shape_of
from tests.support.processes import until

BY_NIK = {"ix.identifier": "nik|1"}
PATIENT = Join("Patient", BY_NIK, "ix.patient", forward=True)


@pytest.mark.parametrize(
    "plan",
    [
        Plan("Patient"),
        Plan("Patient", BY_NIK),
        Plan("Patient", {"ix.gender": "male", "_id": {"$in": ["1"]}}),
        Plan("Patient", {"$and": [{"ix.gender": "male"}, BY_NIK]}),
        Plan("Patient", {"$or": [BY_NIK, {"ix.family": "x"}]}),
        Plan("Patient", {"ix.birthdate": {"$elemMatch": {"l": {"$gte": 1}}}}),
        Plan("Patient", sort=(SortKey("t", descending=True), SortKey("_id"))),
        Plan("Observation", joins=(PATIENT,)),
        Plan("Basic", count_only=True),
    ],
)
def test_a_search_is_served_by_an_index_that_narrows_it(plan):
    assert is_served(plan)


@pytest.mark.parametrize(
    ("plan", "shape"),
    [
        (Plan("Patient", {"ix.gender": "male"}), "Patient: ix.gender"),
        (Plan("Patient", {"ix.name": {"$ne": "x"}}), "Patient: ix.name"),
        (Plan("Patient", {"ix.name": None}), "Patient: ix.name"),
        (
            Plan("Patient", {"$or": [BY_NIK, {"ix.gender": "male"}]}),
            "Patient: ix.gender, ix.identifier",
        ),
        (
            Plan("Patient", sort=(SortKey("ix.gender"), SortKey("_id"))),
            "Patient: everything sorted by ix.gender",
        ),
    ],
)
def test_a_search_that_must_look_at_everything_is_named_without_values(plan, shape):
    assert not is_served(plan)
    assert shape_of(plan) == shape


def test_a_search_without_an_index_is_answered_counted_and_logged_once(store):
    plan = Plan("Patient", {"ix.gender": "male"})

    with structlog.testing.capture_logs() as logs:
        found = [store.search(plan) for _ in range(4)]

    assert [each.resources for each in found] == [()] * 4
    until(lambda: store.unserved_searches() == {"Patient: ix.gender": 4})
    assert [entry["shape"] for entry in logs] == ["Patient: ix.gender"]


def test_a_search_with_an_index_costs_nothing_more(store, commands):
    commands.clear()

    store.search(Plan("Patient", BY_NIK))

    assert commands.names == ["find"]
    assert store.unserved_searches() == {}


def test_who_asks_for_every_set_of_fields_fills_neither_memory_nor_the_database(store, monkeypatch):
    monkeypatch.setattr(shapes, "MOST", 3)
    processes = [Shapes(store._database), Shapes(store._database)]

    for number, process in enumerate(processes):
        for field in range(10):
            process.notice(Plan("Patient", {f"ix.field{number}{field}": "x"}))
        process.notice(Plan("Patient", {f"ix.field{number}0": "x"}))
        until(lambda: len(processes[0].known()) == 3)

    assert [len(each._counts) for each in processes] == [3, 3]
    until(lambda: processes[0].known().get("Patient: ix.field00") == 2)
    assert len(processes[0].known()) == 3
