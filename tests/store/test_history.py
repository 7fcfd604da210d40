from datetime import UTC, datetime, timedelta

import pytest

from fhir_server.store.ops import Delete
from tests.store.writes import create, put

EVER = datetime(2000, 1, 1, tzinfo=UTC)


def everything(store, *whose, count, **more):
    """Walk through all pages."""
    after, found = None, []
    while True:
        page = store.history(*whose, count=count, after=after, **more)
        found += page.resources
        if not page.more:
            return found
        after = list(page.last)


def test_the_history_of_a_resource_is_every_version_newest_first(store):
    versions = [
        store.transact([op])[0].stored
        for op in (create("1"), put("1", 2), Delete("Patient", "1"), put("1", 4), put("1", 5))
    ]

    page = store.history("Patient", "1")

    assert page.resources == tuple(reversed(versions))
    assert (page.more, page.total) == (False, 5)


def test_the_history_of_a_resource_is_paged_by_version(store):
    store.transact([create("1")])
    for number in range(2, 8):
        store.transact([put("1", number)])

    found = everything(store, "Patient", "1", count=3)

    assert [each.version for each in found] == [7, 6, 5, 4, 3, 2, 1]


def test_what_never_was_has_no_history(store):
    page = store.history("Patient", "1")

    assert (page.resources, page.more, page.last) == ((), False, None)


def test_history_of_a_type_and_of_everything_lacks_and_repeats_nothing(store):
    store.transact([create(str(n), resource_type=kind) for n in range(4) for kind in ("A", "B")])
    store.transact([put(str(n), 2, resource_type=kind) for n in range(4) for kind in ("A", "B")])
    store.transact([Delete("A", str(n)) for n in range(2)])
    expected = {("A", str(n), v) for n in range(4) for v in (1, 2)}
    expected |= {("A", str(n), 3) for n in range(2)}

    of_type = everything(store, "A", count=3)
    of_all = everything(store, count=3)

    assert len(of_type) == len(expected)
    assert {(s.resource_type, s.id, s.version) for s in of_type} == expected
    assert len({(s.resource_type, s.id, s.version) for s in of_all}) == len(of_all) == 18
    assert [s.moment for s in of_all] == sorted((s.moment for s in of_all), reverse=True)


def test_history_since_a_moment(store):
    (old,) = store.transact([create("1")])
    new = old
    while new.stored.moment == old.stored.moment:
        (new,) = store.transact([put("1", 2)])

    page = store.history("Patient", since=new.stored.moment)

    assert page.resources == (new.stored,)


def test_history_at_a_moment_is_what_was_current_then(store):
    versions = [store.transact([create("1")])[0].stored]
    while versions[-1].moment == versions[0].moment:
        versions.append(store.transact([put("1", len(versions) + 1)])[0].stored)
    before_last = versions[-1].moment - timedelta(milliseconds=1)

    then = store.history("Patient", "1", at=before_last)
    now = store.history("Patient", "1", at=versions[-1].moment)
    never = store.history("Patient", "1", at=EVER)

    assert then.resources == (versions[-2],)
    assert now.resources == (versions[-1],)
    assert never.resources == ()


def test_statistics_count_what_is_there(store):
    store.transact([create("1"), create("2"), create("1", resource_type="Task")])
    store.transact([Delete("Patient", "2"), Delete("Task", "1")])

    assert store.statistics() == {"Patient": 1}


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_every_version_can_be_read(store, version):
    versions = [
        store.transact([op])[0].stored
        for op in (create("1"), put("1", 2), Delete("Patient", "1"), put("1", 4))
    ]

    assert store.vread("Patient", "1", version) == versions[version - 1]
    assert store.vread("Patient", "1", 5) is None
