"""What a new database is given, once."""

from fhir_server.commands import seeding
from fhir_server.interactions.write import commit
from fhir_server.resources.profiles import load_profiles
from fhir_server.store.ops import Tally


def test_profiles_are_stored_once(context):
    first = seeding.bring_up_to_date(context)
    again = seeding.bring_up_to_date(context)

    assert first == len(load_profiles()) + len(context.operations)
    assert again == 0


def test_only_what_changed_is_stored_anew(context, monkeypatch):
    seeding.bring_up_to_date(context)
    changed = load_profiles()
    changed[0]["title"] = "another title"
    monkeypatch.setattr(seeding, "load_profiles", lambda _: changed)

    assert seeding.bring_up_to_date(context) == 1


def test_an_empty_database_wants_the_demo(context):
    assert seeding.wants_demo(context)


def test_a_database_with_resources_does_not(context):
    seeding.bring_up_to_date(context)

    assert not seeding.wants_demo(context)


def test_a_demo_that_was_halted_is_made_good(context):
    commit(context, [], [Tally(seeding.DEMO, 0)])
    seeding.bring_up_to_date(context)

    assert seeding.wants_demo(context)


def test_a_demo_is_loaded_once(context):
    seeding.bring_up_to_date(context)

    seeding.begin(context)
    begun = context.store.statistics()["Patient"]
    assert seeding.wants_demo(context)
    seeding.finish(context)

    assert 0 < begun < context.store.statistics()["Patient"]
    assert not seeding.wants_demo(context)
