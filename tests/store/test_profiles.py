"""The library of profiles is what the database has, whoever wrote it."""

from datetime import timedelta

import orjson
import pytest

from fhir_server.resources.profiles import load_profiles
from fhir_server.resources.wire import text
from fhir_server.store import profiles
from fhir_server.store.mongo import connect
from fhir_server.store.ops import Delete, Put
from tests.resources.profiling import BASE, element, profile


@pytest.fixture
def other(settings, store):
    """Another process's store on the same database."""
    del store
    second = connect(settings.mongodb_uri, settings)
    yield second
    second.close()


def write(store, *elements):
    body = orjson.dumps(profile("p", *elements, kind="Patient") | {"id": "p"})
    store.transact([Put("StructureDefinition", "p", text(body, "p"), {}, "PUT")])


def asked(store):
    """Give the elements that the profile asks for, or None if it is not known."""
    found = store.profiles.library().find(BASE + "p")
    return None if found is None else set(found.root.children)


def test_ours_are_known_without_being_stored(store):
    urls = [e["url"] for e in load_profiles() if e["resourceType"] == "StructureDefinition"]

    assert all(url in store.profiles.library() for url in urls)


@pytest.mark.parametrize("skew", [60, 0])
def test_what_another_process_writes_changes_and_deletes(store, other, monkeypatch, skew):
    """Also when the window in which changes are looked for moves on at every call."""
    monkeypatch.setattr(profiles, "SKEW", timedelta(seconds=skew))
    assert asked(store) is None

    write(other, element("Patient.name", min=1))
    assert asked(store) == {"name"}

    write(other, element("Patient.gender", min=1))
    assert asked(store) == {"gender"}

    other.transact([Delete("StructureDefinition", "p")])
    assert asked(store) is None


def test_nothing_is_compiled_again_while_nothing_changes(store, other):
    write(other, element("Patient.name", min=1))

    assert store.profiles.library() is store.profiles.library()


def test_one_round_trip_says_that_nothing_changed(store, commands):
    store.profiles.library()
    commands.clear()

    store.profiles.library()

    assert commands.round_trips == 1


def test_profiles_of_a_second_ago_cost_nothing(store, commands):
    store.profiles.recent()
    commands.clear()

    store.profiles.recent()

    assert commands.round_trips == 0


def test_what_this_process_has_written_is_looked_at_again_at_once(store, other):
    store.profiles.recent()
    write(other, element("Patient.name", min=1))

    store.profiles.changed()

    assert BASE + "p" in store.profiles.recent()
