from concurrent.futures import ThreadPoolExecutor

import pytest

from fhir_server.errors import BadRequest, Conflict, NotFound, PreconditionFailed
from fhir_server.store.ops import Delete
from tests.store.writes import create, put


def test_an_update_makes_the_next_version(store):
    store.transact([create("1")])

    (written,) = store.transact([put("1", 2)])

    assert (written.created, written.stored.version) == (False, 2)
    assert store.read("Patient", "1") == written.stored


def test_an_update_of_what_was_never_there_creates_it(store):
    (written,) = store.transact([put("1")])

    assert (written.created, written.stored.version) == (True, 1)
    assert store.read("Patient", "1") == written.stored


def test_an_update_may_ask_to_find_something(store):
    with pytest.raises(NotFound, match="no Patient/1 to update"):
        store.transact([put("1", existing=True)])

    assert store.read("Patient", "1") is None


def test_a_create_may_ask_to_find_nothing(store):
    store.transact([create("1")])

    with pytest.raises(Conflict, match="Patient/1 exists already"):
        store.transact([put("1", existing=False)])

    assert store.read("Patient", "1").version == 1


def test_two_creates_of_one_id_conflict(store):
    store.transact([create("1")])

    with pytest.raises(Conflict, match="Patient/1 exists already"):
        store.transact([create("1")])


def test_a_deletion_is_a_version(store):
    store.transact([create("1")])

    (written,) = store.transact([Delete("Patient", "1")])

    assert (written.stored.version, written.stored.text) == (2, None)
    assert store.read("Patient", "1") == written.stored


def test_deleting_again_makes_no_version(store):
    store.transact([create("1")])
    first = store.transact([Delete("Patient", "1")])

    again = store.transact([Delete("Patient", "1")])

    assert again == first


def test_deleting_what_never_was_is_no_failure(store):
    (written,) = store.transact([Delete("Patient", "1")])

    assert written.stored.version == 0
    assert store.read("Patient", "1") is None


@pytest.mark.parametrize("others", [[], [create("2")]], ids=["alone", "with others"])
def test_what_is_brought_back_continues_its_versions(store, others):
    store.transact([create("1")])
    store.transact([Delete("Patient", "1")])

    written = store.transact([put("1", 3), *others])[0]

    assert (written.created, written.stored.version) == (True, 3)
    assert store.read("Patient", "1") == written.stored


@pytest.mark.parametrize("op", [put("1", if_match=7), Delete("Patient", "1", if_match=7)])
@pytest.mark.parametrize("others", [[], [create("2")]], ids=["alone", "with others"])
def test_if_match_names_the_current_version(store, op, others):
    store.transact([create("1")])

    with pytest.raises(PreconditionFailed, match="version 7 of Patient/1, but version 1 is"):
        store.transact([op, *others])

    assert store.read("Patient", "1").version == 1
    assert store.read("Patient", "2") is None


def test_if_match_on_nothing_fails(store):
    with pytest.raises(PreconditionFailed, match="there is no current version"):
        store.transact([put("1", if_match=1)])


def test_many_ops_are_answered_in_order(store):
    store.transact([create("1"), create("2"), create("3")])

    written = store.transact(
        [Delete("Patient", "2"), create("4"), put("1", 2), put("5"), Delete("Patient", "9")]
    )

    assert [(each.stored.id, each.stored.version, each.created) for each in written] == [
        ("2", 2, False),
        ("4", 1, True),
        ("1", 2, False),
        ("5", 1, True),
        ("9", 0, False),
    ]
    assert [store.read("Patient", each.stored.id) for each in written[:4]] == [
        each.stored for each in written[:4]
    ]


def test_the_failure_of_one_op_undoes_all_and_names_its_place(store):
    with pytest.raises(NotFound) as failed:
        store.transact([create("1"), create("2", resource_type="Task"), put("3", existing=True)])

    assert failed.value.op == 2
    assert store.read("Patient", "1") is None
    assert store.read("Task", "2") is None


def test_a_taken_id_in_a_transaction_names_its_place(store):
    store.transact([create("2")])

    with pytest.raises(Conflict, match="Patient/2 exists already") as failed:
        store.transact([create("1"), create("2"), create("3")])

    assert failed.value.op == 1


def test_one_resource_can_be_written_once(store):
    with pytest.raises(BadRequest, match="Patient/1 is written twice") as failed:
        store.transact([create("2"), put("1"), Delete("Patient", "1")])

    assert failed.value.op == 2


def test_nothing_to_do_does_nothing(store, commands):
    commands.clear()

    assert store.transact([]) == []
    assert commands.round_trips == 0


def few(number):
    """Two new resources of one request."""
    return [create(f"p{number}"), create(f"o{number}", resource_type="Observation")]


def test_a_few_new_resources_are_written_with_those_of_others_all_or_none(store):
    store.transact([create("o3", resource_type="Observation")])

    with ThreadPoolExecutor(12) as pool:
        tried = [pool.submit(store.transact, few(number)) for number in range(12)]
        errors = [each.exception() for each in tried]

    (taken,) = [error for error in errors if error is not None]
    assert (str(taken), taken.op) == ("Observation/o3 exists already.", 1)
    for number in range(12):
        there = [store.read("Patient", f"p{number}"), store.read("Observation", f"o{number}")]
        assert [each is not None for each in there] == (
            [False, True] if number == 3 else [True] * 2
        )


def test_a_few_new_resources_cost_an_insert_for_each_type_and_a_commit(store, commands):
    store.transact(few(1))
    commands.clear()

    store.transact(few(2))

    assert commands.names == ["insert", "insert", "commitTransaction"]
