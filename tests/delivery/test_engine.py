"""The engine delivers in order, once, and says how far it is."""

# ruff: noqa: ARG002, ARG005 -- the interface of a target

from dataclasses import replace

import pytest

from fhir_server.delivery.target import (
    Accepted,
    Later,
    Nothing,
    Parcel,
    Refused,
    Rendered,
    Sent,
    Unauthorized,
    Wait,
)
from fhir_server.delivery.view import Seen
from fhir_server.store import intake
from fhir_server.store.progress import STATES
from tests.delivery.fake import Fake


def test_a_resource_arrives_once(bench):
    bench.write("Patient/a")

    bench.deliver()
    bench.deliver()
    bench.again()

    state = bench.state("Patient/a")
    assert (state.state, state.remote, state.sent, state.due) == ("accepted", "r1", 1, None)
    assert bench.target.names == ["Patient/a"]
    assert [(each["v"], each["outcome"]) for each in state.history] == [(1, "accepted")]


def test_only_the_newest_version_is_sent_and_an_update_names_what_is_there(bench):
    bench.write("Patient/a")
    bench.write("Patient/a", active=True)
    bench.deliver()
    bench.write("Patient/a", active=False)
    bench.deliver()

    assert [body["version"] for _, _, body in bench.target.sent] == [2, 3]
    assert list(bench.target.there) == ["r1"]
    assert bench.state("Patient/a").sent == 3


def test_a_target_may_want_each_version_in_order(bench_of):
    bench = bench_of(Fake(every_version=True))
    for n in range(4):
        bench.write("Patient/a", gender=["male", "female"][n % 2])

    bench.deliver()

    assert [body["version"] for _, _, body in bench.target.sent] == [1, 2, 3, 4]


def test_what_refers_to_another_waits_for_it(bench, visit):
    bench.write("Encounter/e", **visit("Patient/a"))
    bench.write("Patient/a")

    bench.deliver()

    assert bench.target.names == ["Patient/a", "Encounter/e"]
    assert bench.target.there["r2"]["refs"] == {"Patient/a": "r1"}
    assert bench.state("Encounter/e").state == "accepted"


def test_a_refused_one_keeps_others_waiting_until_it_is_mended(bench, visit):
    bench.target.answers = [Refused("no NIK", rule="10118", remedy="Isi NIK.")]
    bench.write("Patient/a")
    bench.write("Encounter/e", **visit("Patient/a"))
    bench.deliver()
    refused, waiting = bench.state("Patient/a"), bench.state("Encounter/e")

    bench.write("Patient/a", active=True)
    bench.deliver()

    assert (refused.state, refused.rule, refused.remedy) == ("refused", "10118", "Isi NIK.")
    assert (waiting.state, waiting.waits) == ("waiting", ("Patient/a",))
    assert bench.target.names == ["Patient/a", "Encounter/e"]
    assert bench.state("Encounter/e").waits == ()


def test_what_nobody_told_of_is_delivered_when_another_needs_it(bench, visit):
    bench.write("Patient/old", silently=True)
    bench.write("Encounter/e", **visit("Patient/old"))

    bench.deliver()

    assert bench.target.names == ["Patient/old", "Encounter/e"]


def test_what_the_target_does_not_want_is_waited_for_by_nobody(bench_of, visit):
    bench = bench_of(Fake(types=("Encounter",)))
    bench.write("Patient/a")
    bench.write("Encounter/e", **visit("Patient/a"))

    bench.deliver()

    assert bench.target.names == ["Encounter/e"]


def test_a_failure_is_tried_again_and_counted(bench):
    bench.target.answers = [Later("503"), Later("503")]
    bench.write("Patient/a")

    bench.deliver()

    state = bench.state("Patient/a")
    assert [each["outcome"] for each in state.history] == ["failed", "failed", "accepted"]
    assert state.state == "accepted"
    assert bench.target.found == []


def test_what_may_have_arrived_is_looked_for_before_it_is_sent_again(bench):
    bench.target.answers = [Later("time-out", unknown=True)]
    bench.write("Patient/a")

    bench.deliver()

    assert bench.target.names == ["Patient/a"]
    assert bench.target.found == ["Patient"]
    assert (bench.state("Patient/a").state, bench.state("Patient/a").remote) == ("adopted", "r1")


def test_what_did_not_arrive_is_sent_again(bench):
    bench.target.answers = [Later("broken", unknown=True)]
    bench.target.lands = False
    bench.write("Patient/a")

    bench.deliver()

    assert bench.target.found == ["Patient"]
    assert bench.target.names == ["Patient/a"]
    assert bench.state("Patient/a").state == "accepted"


def test_what_arrived_in_an_older_version_is_updated(bench):
    bench.target.answers = [Later("time-out", unknown=True, seconds=0.0)]
    bench.write("Patient/a")
    bench.engine.drain(1)
    bench.write("Patient/a", active=True)

    bench.deliver()

    assert [body["version"] for _, _, body in bench.target.sent] == [1, 2]
    assert list(bench.target.there) == ["r1"]


def test_too_many_failures_are_dead_and_say_why_and_a_person_may_retry(bench_of):
    bench = bench_of(Fake(attempts=3, failures=100))
    bench.target.answers = [Later("it is broken")] * 3
    bench.write("Patient/a")
    bench.deliver()
    dead = bench.state("Patient/a")

    retried = bench.store.dispatches.retry("fake")
    bench.deliver()

    assert (dead.state, dead.reason, dead.attempts) == ("dead", "it is broken", 3)
    assert retried == 1
    assert bench.state("Patient/a").state == "accepted"


def test_a_target_that_keeps_failing_is_left_alone_and_nothing_dies_of_it(bench_of):
    bench = bench_of(Fake(attempts=3, failures=4, connections=1, first=3600.0, longest=3600.0))
    bench.target.answers = [Later("down")] * 10
    for n in range(10):
        bench.write(f"Patient/p{n}")

    bench.deliver()

    health = bench.store.dispatches.health("fake")
    assert (len(bench.target.answers), health.level, health.why) == (6, 1, "down")
    assert health.seconds > 60
    assert bench.store.dispatches.counts() == {"fake": {"pending": 10}}


def test_after_a_pause_one_delivery_tries_the_target(bench_of):
    bench = bench_of(Fake(attempts=1, failures=1, first=0.0))
    bench.target.answers = [Later("down", counts=True)]
    bench.store.dispatches.close("fake", 0.0, 3, "down")
    for n in range(5):
        bench.write(f"Patient/p{n}")

    bench.deliver()

    assert bench.store.dispatches.health("fake").level == 0
    assert bench.store.dispatches.counts() == {"fake": {"accepted": 5}}


def test_without_rights_nothing_is_sent_and_nothing_is_lost(bench):
    bench.target.answers = [Unauthorized("bad token", remedy="Periksa kunci.")] * 3
    for n in range(5):
        bench.write(f"Patient/p{n}")

    bench.deliver()

    health = bench.store.dispatches.health("fake")
    assert (health.why, health.remedy) == ("bad token", "Periksa kunci.")
    assert bench.store.dispatches.counts()["fake"]["pending"] >= 2
    assert health.seconds > 0


def test_a_pause_that_the_target_asks_for_is_kept(bench):
    bench.target.answers = [Later("slow down", seconds=3000.0)]
    bench.write("Patient/a")

    bench.deliver()

    assert bench.store.dispatches.health("fake").seconds > 2900
    due = bench.state("Patient/a").due
    assert (due - bench.state("Patient/a").changed).total_seconds() > 2900


def test_a_deletion_is_delivered(bench):
    bench.write("Patient/a")
    bench.deliver()
    bench.delete("Patient/a")

    bench.deliver()

    assert bench.target.there == {}
    assert (bench.state("Patient/a").state, bench.state("Patient/a").remote) == ("accepted", None)


def test_what_was_deleted_before_it_was_sent_is_not_sent(bench):
    bench.write("Patient/a")
    bench.delete("Patient/a")

    bench.deliver()

    assert bench.target.sent == []
    assert bench.state("Patient/a").state == "skipped"


class Several(Fake):
    """One resource becomes two requests."""

    def render(self, resource, view):
        parcels = tuple(
            Parcel("POST", "Observation", {"of": f"{resource.id}-{key}", "version": 1}, key=key)
            for key in ("systolic", "diastolic")
        )
        return Rendered(parcels)


def test_each_part_of_a_resource_is_sent_once(bench_of):
    bench = bench_of(Several())
    bench.target.answers = [Accepted("s1"), Refused("no")]
    bench.write("Patient/a")
    bench.deliver()
    half = bench.state("Patient/a")
    bench.store.dispatches.retry("fake")

    bench.deliver()

    assert (half.state, [part.key for part in half.parts]) == ("refused", ["systolic"])
    assert bench.target.names == ["a-diastolic"]
    assert [part.remote for part in bench.state("Patient/a").parts] == ["s1", "r1"]


class Wishing(Fake):
    """A Patient names its Encounters once they are there."""

    def needs(self, resource, view):
        return super().needs(resource, view) if resource.resource_type == "Encounter" else []

    def render(self, resource, view):
        if resource.resource_type == "Encounter":
            return super().render(resource, view)
        remote = view.remote("Encounter/e")
        body = {"of": resource.reference, "version": resource.version, "visit": remote}
        return Rendered((Parcel("POST", "Patient", body),), wishes=("Encounter/e",))


def test_what_would_name_another_is_sent_again_when_that_is_there(bench_of, visit):
    bench = bench_of(Wishing())
    bench.write("Patient/a")
    bench.write("Encounter/e", **visit("Patient/a"))

    bench.deliver()

    assert bench.target.names == ["Patient/a", "Encounter/e", "Patient/a"]
    assert bench.target.there["r1"]["visit"] == "r2"
    assert bench.state("Patient/a").state == "accepted"


class Staged(Fake):
    """First as it came, then finished: what the national platform asks of an Encounter."""

    def render(self, resource, view):
        if resource.resource_type == "Patient":
            return super().render(resource, view)
        if view.remote(resource.reference) is None:
            return Rendered(
                (Parcel("POST", "Encounter", {"of": "first", "version": 1}),), again=True
            )
        if view.remote("Patient/late") is None:
            return Wait(("Patient/late",), "its diagnoses")
        return Rendered((Parcel("PUT", "Encounter", {"of": "finished", "version": 1}),))

    def needs(self, resource, view):
        return ()


def test_a_resource_may_be_sent_in_stages(bench_of, visit):
    bench = bench_of(Staged())
    bench.write("Encounter/e", **visit("Patient/late"))
    bench.deliver()
    first = bench.state("Encounter/e")
    bench.write("Patient/late")

    bench.deliver()

    assert (first.state, first.remote, first.waits) == ("waiting", "r1", ("Patient/late",))
    assert bench.target.names == ["first", "Patient/late", "finished"]
    assert bench.state("Encounter/e").state == "accepted"


@pytest.mark.parametrize(
    ("render", "state", "reason"),
    [
        (Nothing("not for them"), "skipped", "not for them"),
        (Refused("unmappable", rule="x", remedy="y"), "refused", "unmappable"),
        (Wait(("Patient/never",), "a person"), "waiting", "a person"),
    ],
)
def test_what_cannot_be_rendered_says_why(bench, render, state, reason):
    bench.target.render = lambda resource, view: render
    bench.write("Patient/a")

    bench.deliver()

    found = bench.state("Patient/a")
    assert (found.state, found.reason) == (state, reason)
    assert bench.target.sent == []


def test_a_bug_in_a_target_stops_nobody_else(bench):
    def render(resource, view):
        if resource.id == "bad":
            raise KeyError("x")
        return Fake.render(bench.target, resource, view)

    bench.target.render = render
    bench.target.pace = replace(bench.target.pace, attempts=2)
    bench.write("Patient/bad")
    bench.write("Patient/good")

    bench.deliver()

    bad = bench.state("Patient/bad")
    assert (bad.state, bench.state("Patient/good").state) == ("dead", "accepted")
    assert "fault of the server" in bad.reason


def test_there_is_nothing_behind_what_is_no_reference(bench):
    assert Seen(bench.context, "fake").read("") is None


def test_what_is_handed_over_is_concluded_later(bench):
    bench.target.answers = [Sent("wamid.1")]
    bench.write("Patient/a")
    bench.deliver()
    before = bench.state("Patient/a").state

    assert bench.store.dispatches.conclude("fake", "Patient/a", "accepted", "delivered")

    assert (before, bench.state("Patient/a").state) == ("sent", "accepted")
    assert not bench.store.dispatches.conclude("fake", "Patient/x", "accepted")


def test_a_version_that_comes_while_another_is_sent_is_sent_after_it(bench):
    send = bench.target.send

    def slow(parcel, view):
        if parcel.body["version"] == 1:
            bench.write("Patient/a", active=True)
            bench.engine._take_in()
        return send(parcel, view)

    bench.target.send = slow
    bench.write("Patient/a")

    bench.deliver()

    assert [body["version"] for _, _, body in bench.target.sent] == [1, 2]
    assert bench.state("Patient/a").sent == 2


def test_what_has_arrived_can_be_sent_again(bench):
    bench.write("Patient/a")
    bench.deliver()

    number = bench.store.dispatches.retry("fake", states=STATES, resend=True)
    bench.deliver()

    assert number == 1
    assert bench.target.names == ["Patient/a", "Patient/a"]
    assert list(bench.target.there) == ["r1"]


def test_the_rate_is_kept_by_all_workers_together(store):
    waits = [store.dispatches.reserve("fake", 1000, 2.0) for _ in range(4)]

    assert waits[0] == 0
    for number, seconds in enumerate(waits):
        assert 500 * number - 400 < seconds <= 500 * number


def reused(bench):
    """Take a patient of three versions out for good, and use its id for another."""
    bench.store.expunge.resources("Patient", ["a"])
    bench.engine.drain(rounds=2)
    bench.write("Patient/a", gender="female")


def assert_sent_anew(bench):
    assert [body["version"] for _, _, body in bench.target.sent if body] == [1]
    bench.write("Patient/a", gender="female", active=True)
    bench.deliver()
    assert [body["version"] for _, _, body in bench.target.sent if body] == [1, 2]
    assert bench.state("Patient/a").state == "accepted"


def three_versions(bench):
    for active in (True, False, None):
        bench.write("Patient/a", **({} if active is None else {"active": active}))


def test_an_expunged_id_whose_delivery_was_waiting_is_sent_when_it_is_used_anew(bench):
    bench.target.answers = [Wait((), "later")]
    three_versions(bench)
    bench.deliver()

    reused(bench)
    bench.store.dispatches.retry("fake", states=STATES)
    bench.deliver()

    assert_sent_anew(bench)


def test_an_expunged_id_of_which_nobody_was_told_yet_is_sent_when_it_is_used_anew(bench):
    three_versions(bench)

    reused(bench)
    bench.deliver()

    assert_sent_anew(bench)


@pytest.mark.parametrize("moment", ["before", "between"])
def test_an_id_that_is_expunged_while_its_rows_are_taken_in_is_sent_when_it_is_used_anew(
    bench, monkeypatch, moment
):
    three_versions(bench)

    def expunge(*_):
        monkeypatch.undo()
        bench.store.expunge.resources("Patient", ["a"])

    def late(target, rows):
        if moment == "before":
            expunge()
        return take_in(target, rows)

    take_in = bench.store.dispatches.take_in
    monkeypatch.setattr(bench.store.dispatches, "take_in", late)
    if moment == "between":
        monkeypatch.setattr(intake, "point", expunge)
    bench.deliver()

    bench.write("Patient/a", gender="female")
    bench.deliver()

    assert_sent_anew(bench)


def test_an_id_that_is_expunged_while_it_is_sent_is_sent_when_it_is_used_anew(bench):
    send = bench.target.send

    def slow(*_):
        bench.target.send = send
        bench.store.expunge.resources("Patient", ["a"])
        return Refused("taken out meanwhile")

    bench.target.send = slow
    three_versions(bench)
    bench.deliver()

    reused(bench)
    bench.deliver()

    assert_sent_anew(bench)
