"""What happens when others are in the way of a transaction, or the network is."""

import pytest
from pymongo.client_session import ClientSession
from pymongo.errors import AutoReconnect, OperationFailure

from fhir_server.errors import Conflict, TooLarge, Unavailable
from fhir_server.resources.wire import Text
from fhir_server.store import bulk, failures, together, transactions
from fhir_server.store.mongo import connect
from fhir_server.store.ops import Delete, Put
from tests.store.writes import create, put


def labelled(error, label):
    error._add_error_label(label)
    return error


@pytest.fixture
def other(settings):
    """Another process, as the database sees it."""
    store = connect(settings.mongodb_uri, settings)
    yield store
    store.close()


@pytest.fixture
def meanwhile(monkeypatch):
    """Let something happen once, between looking up and writing."""

    def arrange(act):
        waiting = [act]

        def then(look):
            def looked(*arguments):
                found = look(*arguments)
                while waiting:
                    waiting.pop()()
                return found

            return looked

        for name in ("look_up", "seen"):
            monkeypatch.setattr(bulk, name, then(getattr(bulk, name)))

    return arrange


def test_a_commit_without_an_answer_is_sent_again_and_counts_once(store, monkeypatch):
    store.transact([create("1")])
    commit = ClientSession.commit_transaction
    answers = [labelled(AutoReconnect("broke"), failures.UNKNOWN_COMMIT)]

    def commit_unheard(session):
        commit(session)
        if answers:
            raise answers.pop()

    monkeypatch.setattr(ClientSession, "commit_transaction", commit_unheard)

    (written,) = store.transact([put("1", 2)])

    assert written.stored.version == 2
    assert [each.version for each in store.history("Patient", "1").resources] == [2, 1]


def test_a_commit_has_patience_though_the_batch_has_none(store, monkeypatch):
    commit = ClientSession.commit_transaction
    answers = [labelled(AutoReconnect("broke"), failures.UNKNOWN_COMMIT)]

    def commit_late(session):
        if answers:
            raise answers.pop()
        commit(session)

    monkeypatch.setattr(ClientSession, "commit_transaction", commit_late)

    assert transactions.run(store._client, lambda _: "done", 0) == "done"


def test_a_commit_that_is_never_answered_is_not_promised(store, monkeypatch):
    def commit(_):
        raise labelled(AutoReconnect("broke"), failures.UNKNOWN_COMMIT)

    monkeypatch.setattr(ClientSession, "commit_transaction", commit)
    monkeypatch.setattr(transactions, "PATIENCE_SECONDS", 0)

    with pytest.raises(Unavailable, match="may or may not have happened"):
        transactions.run(store._client, lambda _: None, 0)


def test_a_conflict_is_retried_and_then_reported(store):
    runs = []

    def body(_):
        runs.append(1)
        raise OperationFailure("write conflict", failures.WRITE_CONFLICT)

    with pytest.raises(Conflict, match="keep changing"), failures.translated():
        transactions.run(store._client, body, 0.05)

    assert len(runs) > 1


def test_what_was_seen_too_often_is_a_conflict_too(store):
    def body(_):
        raise transactions.Again

    with pytest.raises(Conflict, match="keep changing"):
        transactions.run(store._client, body, 0)


@pytest.mark.parametrize(
    ("op", "expected"),
    [(put("1", 3), 3), (Delete("Patient", "1"), 3)],
    ids=["update", "delete"],
)
def test_a_version_that_came_meanwhile_is_not_lost(store, other, meanwhile, op, expected):
    store.transact([create("1")])
    meanwhile(lambda: other.transact([put("1", 2)]))

    written = store.transact([op, create("2")])[0]

    assert written.stored.version == expected
    assert [each.version for each in store.history("Patient", "1").resources] == [3, 2, 1]


def test_a_resource_that_came_meanwhile_is_updated(store, other, meanwhile):
    meanwhile(lambda: other.transact([put("1", 1)]))

    written = store.transact([put("1", 2), create("2")])[0]

    assert (written.created, written.stored.version) == (False, 2)


def test_a_deletion_that_another_ended_meanwhile_ends_once(store, other, meanwhile):
    store.transact([create("1")])
    store.transact([Delete("Patient", "1")])

    def come_and_go():
        other.transact([put("1", 3)])
        other.transact([Delete("Patient", "1")])

    meanwhile(come_and_go)

    written = store.transact([put("1", 5), create("2")])[0]

    assert written.stored.version == 5
    assert [each.version for each in store.history("Patient", "1").resources] == [5, 4, 3, 2, 1]


def test_a_shared_transaction_in_somebodys_way_is_done_one_by_one(store, other, meanwhile):
    store.transact([create("1"), create("2")])
    meanwhile(lambda: other.transact([put("1", 2)]))
    shared = together.Together(store._database, noop=True)

    outcomes = shared._change([put("1", 3), put("2", 2), put("2", 3, if_match=2)])

    assert [outcome.stored.version for outcome in outcomes] == [3, 2, 3]


def test_a_shared_transaction_that_always_conflicts_is_done_one_by_one(store, monkeypatch):
    store.transact([create("1"), create("2")])
    conflict = OperationFailure("write conflict", failures.WRITE_CONFLICT)

    def write(*_, **__):
        raise conflict

    monkeypatch.setattr(bulk, "write", write)
    shared = together.Together(store._database, noop=True)

    outcomes = shared._change([put("1", 2), put("2", 2), put("3", 1, existing=True)])

    assert [outcome.stored.version for outcome in outcomes[:2]] == [2, 2]
    assert "no Patient/3" in str(outcomes[2])


def test_a_large_resource_shares_with_nobody(store):
    raw = b'{"resourceType":"Basic","id":"1","meta":{},"text":"%s"}' % (b"A" * 300_000)

    store.transact([Put("Basic", "1", Text(raw, 47), {})])

    assert store.read("Basic", "1").text.raw == raw


def test_a_resource_larger_than_mongodb_keeps_is_refused(store):
    raw = b'{"resourceType":"Basic","id":"1","meta":{},"text":"%s"}' % (b"A" * 17_000_000)

    with pytest.raises(TooLarge, match="16 MB"):
        store.transact([Put("Basic", "1", Text(raw, 47), {})])
    with pytest.raises(TooLarge, match="16 MB"):
        store.transact([Put("Basic", "1", Text(raw, 47), {}, method="PUT")])

    assert store.read("Basic", "1") is None


def test_a_transaction_may_have_thousands_of_entries(store):
    """As many as settings.entry_limit has, with an index as rich as a patient's."""
    names = {"name": [f"name {n}" for n in range(8)], "identifier": [f"{n}" for n in range(8)]}
    raw = b'{"resourceType":"Patient","id":"1","meta":{},"text":"%s"}' % (b"A" * 1000)
    ops = [Put("Patient", f"{n}", Text(raw, 49), names) for n in range(10_000)]

    written = store.transact(ops)

    assert len(written) == 10_000
    assert store.statistics() == {"Patient": 10_000}
