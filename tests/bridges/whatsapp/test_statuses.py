"""Sent, delivered, read, failed: in any order, again, before their message (domain §4.7)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.bridges.whatsapp import statuses, working
from fhir_server.bridges.whatsapp.cloud import Report, read, read_report, written
from fhir_server.bridges.whatsapp.statuses import joined
from fhir_server.bridges.whatsapp.working import EARLY, SOURCE, work_off
from fhir_server.errors import Conflict, RuleBroken
from fhir_server.mappings.pesan_chat import DIBACA
from tests.bridges.whatsapp.payloads import SENT, change, posted, status
from tests.support.fhir import Server

WAMID = "https://puskesmas.example/fhir/sid/wamid"
OUT = {
    "resourceType": "Communication",
    "id": "keluar",
    "status": "in-progress",
    "identifier": [{"system": WAMID, "value": "wamid.OUT-1"}],
    "sent": "2021-07-12T08:00:00+07:00",
}
ERRORS = [{"code": 131026, "title": "Message undeliverable"}]


def at(second):
    return datetime.fromtimestamp(SENT + second, UTC)


def told(*reports, message=OUT):
    for each in reports:
        message = joined(message, each, UTC)
    return message


def report(word, second=0, reason=None):
    return Report("wamid.OUT-1", word, at(second), reason)


REPORTS = st.builds(
    report,
    st.sampled_from(["sent", "delivered", "read", "failed"]),
    st.integers(0, 100),
    st.sampled_from([None, "131026 tidak terkirim", "131047 lewat 24 jam"]),
)


@given(st.lists(REPORTS, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_reports_changes_nothing(reports, random):
    shuffled = [*reports, *reports[:2]]
    random.shuffle(shuffled)

    assert told(*shuffled) == told(*reports)


@given(st.lists(REPORTS, max_size=8))
def test_what_is_known_never_shrinks(reports):
    message, best = OUT, 0
    rank = {"in-progress": 1, "not-done": 2, "completed": 3}
    for each in reports:
        message = joined(message, each, UTC)
        seen = {e["url"] for e in message.get("extension", ())}
        now = 4 if DIBACA in seen else rank[message["status"]]
        assert now >= best
        assert ("statusReason" in message) == (message["status"] == "not-done")
        best = now


def test_read_says_when_and_does_not_go_back():
    found = told(report("read", 9), report("delivered", 4), report("sent"), report("failed", 5))

    assert found["status"] == "completed"
    assert found["received"] == "2021-07-12T01:00:04+00:00"
    assert found["extension"] == [{"url": DIBACA, "valueDateTime": "2021-07-12T01:00:09+00:00"}]
    assert "statusReason" not in found


def test_failed_says_why():
    found = told(report("sent"), report("failed", 1, "131026 Message undeliverable"))

    assert found["status"] == "not-done"
    assert found["statusReason"] == {"text": "131026 Message undeliverable"}


def test_a_failure_of_what_staff_wrote_down_as_sent_is_not_lost():
    noted = OUT | {"status": "completed"}

    assert told(report("sent"), message=noted)["status"] == "completed"
    assert told(report("failed"), message=noted)["status"] == "not-done"


def test_what_its_sender_deleted_stays_deleted():
    deleted = OUT | {"status": "entered-in-error"}

    assert told(report("read"), report("failed"), message=deleted) == deleted


@pytest.mark.parametrize("word", ["sent", "delivered", "read", "failed"])
def test_a_status_of_meta_is_read_and_kept_whole(word):
    (found,) = read(posted(change(statuses=[status(word, errors=ERRORS)]))).reports

    assert found == report(word, 0, "131026 Message undeliverable")
    assert read_report(written(found)) == found


def test_a_status_that_nobody_knows_is_counted():
    posting = read(posted(change(statuses=[status("gone"), status("read", at="x")])))

    assert (posting.reports, posting.unreadable) == ([], 2)


@pytest.fixture
def fhir(context):
    return Server(context)


@pytest.fixture
def work(context, monkeypatch):
    """Work off all that is due, without waiting for what is to be tried again."""
    monkeypatch.setattr(working, "FIRST_WAIT", 0.0)

    def all_of_it(most=20):
        for _ in range(most):
            if not work_off(context):
                return

    return all_of_it


def test_statuses_are_written_into_the_message(context, fhir, work):
    fhir("PUT", "Communication/keluar", OUT)
    body = posted(change(statuses=[status("read", at=SENT + 9), status("delivered", at=SENT + 4)]))
    context.store.deliveries.keep(SOURCE, body)

    work()
    work()

    found = fhir("GET", "Communication/keluar").json
    assert found["status"] == "completed"
    assert found["received"] == "2021-07-12T08:00:04+07:00"
    assert found["extension"] == [{"url": DIBACA, "valueDateTime": "2021-07-12T08:00:09+07:00"}]


def test_the_same_status_again_makes_no_version(context, fhir, work):
    fhir("PUT", "Communication/keluar", OUT)
    for _ in range(2):
        context.store.deliveries.keep(SOURCE, posted(change(statuses=[status("delivered")])))
        work()

    assert fhir("GET", "Communication/keluar").json["meta"]["versionId"] == "2"


def test_statuses_wait_for_their_message(context, fhir, work):
    reports = [status("read", at=SENT + 9), status("sent"), status("delivered", at=SENT + 4)]
    context.store.deliveries.keep(SOURCE, posted(change(statuses=reports)))
    work()
    assert context.store.deliveries.count(SOURCE, "waiting") == 0
    assert context.store.deliveries.count(EARLY, "waiting") == 3

    fhir("PUT", "Communication/keluar", OUT)
    work()

    found = fhir("GET", "Communication/keluar").json
    assert found["received"] == "2021-07-12T08:00:04+07:00"
    assert found["extension"][0]["url"] == DIBACA
    assert context.store.deliveries.count(EARLY, "waiting") == 0


def test_a_status_whose_message_never_comes_is_forgotten_after_a_week(context, work, monkeypatch):
    context.store.deliveries.keep(SOURCE, posted(change(statuses=[status("read")])))
    work()
    assert context.store.deliveries.count(EARLY, "waiting") == 1

    monkeypatch.setattr(working, "EARLY_DAYS", -1)
    work()

    assert context.store.deliveries.count(EARLY, "waiting") == 0


@pytest.mark.parametrize("early", [False, True])
def test_a_refused_status_is_laid_aside_a_lost_race_tried_again(context, work, monkeypatch, early):
    source, report_ = (EARLY, report("read")) if early else (SOURCE, None)
    body = written(report_) if report_ else posted(change(statuses=[status("read")]))
    context.store.deliveries.keep(source, body)
    refusals = [Conflict("busy"), RuleBroken("BR-X: no")]

    def refuse(*_):
        raise refusals.pop(0)

    monkeypatch.setattr(statuses, "apply", refuse)

    work(1)
    assert context.store.deliveries.count(source, "waiting") == 1
    work(1)

    ((_, _, why),) = context.store.deliveries.failures(source)
    assert why == ["wamid.OUT-1: business-rule: BR-X: no"]
