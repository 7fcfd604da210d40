"""Bundles and searches that are answered later."""

import dataclasses

import pytest

from fhir_server.auth.principals import Principal
from fhir_server.jobs import later
from fhir_server.resources.validate import validate
from tests.support.fhir import bundle, entry, patient

ASYNC = {"prefer": "respond-async, return=representation"}


def kicked(client, *request):
    said = client(*request, **ASYNC)
    assert (said.status, said.raw) == (202, b""), said.issues
    return said.headers["Content-Location"]


def one(client, where):
    said = client("GET", where)
    assert said.status == 200, said.issues
    assert said.json["type"] == "batch-response"
    (entry,) = said.json["entry"]
    return entry


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_bundle_is_done_later(client, context, kind):
    posted = bundle(kind, entry("POST", "Patient", patient(active=True)), entry("GET", "Patient"))

    where = kicked(client, "POST", "", posted)

    assert client("GET", "Patient").json["total"] == 0
    waiting = client("GET", where)
    assert (waiting.status, waiting.headers["X-Progress"]) == (202, "waiting")
    client.work()
    answered = one(client, where)
    assert answered["response"]["status"] == "200 OK"
    inner = answered["resource"]
    assert inner["type"] == f"{kind}-response"
    assert [each["response"]["status"] for each in inner["entry"]] == ["201 Created", "200 OK"]
    assert inner["entry"][0]["resource"]["active"] is True
    assert client("GET", "Patient").json["total"] == 1
    assert validate(client("GET", where).json, context.definitions) == []


def test_a_search_is_done_later(client):
    client.put(patient(id="a", gender="male"))
    client.put(patient(id="b"))

    places = [
        kicked(client, "GET", "Patient?gender=male"),
        kicked(client, "POST", "Patient/_search", b"gender=male"),
        kicked(client, "GET", "Patient/a/*"),
        kicked(client, "GET", "?_type=Patient&gender=male"),
    ]
    client.work()

    for where in places:
        found = one(client, where)["resource"]["entry"]
        assert [each["resource"]["id"] for each in found] == ["a"]


def test_a_refusal_is_the_answer(client):
    where = kicked(client, "GET", "Patient?gender:oops=x")
    client.work()

    answered = one(client, where)

    assert answered["response"]["status"] == "400 Bad Request"
    assert answered["response"]["outcome"]["issue"]


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [("PUT", "Patient/x", 201), ("GET", "Patient/x", 404), ("GET", "metadata", 200)],
)
def test_what_is_quick_is_answered_at_once(client, method, url, status):
    said = client(method, url, patient(id="x") if method == "PUT" else b"", **ASYNC)

    assert said.status == status


def test_what_cannot_be_is_refused_at_once(client):
    assert client("GET", "Patien?name=x", **ASYNC).status == 404
    assert client("GET", "Patient/1/2/3/4", **ASYNC).status == 404


def test_a_cancelled_request_never_happens(client):
    where = kicked(client, "POST", "", bundle("batch", entry("POST", "Patient", patient())))

    assert client("DELETE", where).status == 202
    client.work()

    assert client("GET", where).status == 404
    assert client("DELETE", where).status == 404
    assert client("GET", "Patient").json["total"] == 0


def test_a_bundle_is_never_begun_twice(client, context):
    """Its worker dies in the middle; the next one finds it begun."""
    where = kicked(client, "POST", "", bundle("batch", entry("POST", "Patient", patient())))
    job = context.store.jobs.claim([later.KIND])
    context.store.jobs.keep(job, at={"begun": True}, seconds=0)

    client.work()

    said = client("GET", where)
    assert (said.status, said.json["issue"][0]["code"]) == (409, "conflict")
    assert client("GET", "Patient").json["total"] == 0


def test_a_search_is_begun_again(client, context):
    where = kicked(client, "GET", "Patient")
    context.store.jobs.claim([later.KIND], seconds=0)

    client.work()

    assert one(client, where)["resource"]["total"] == 0


def test_nobody_else_sees_it(client, context):
    where = kicked(client, "GET", "Patient")
    client.context = dataclasses.replace(context, principal=Principal("somebody"))

    assert client("GET", where).status == 404
    assert client("DELETE", where).status == 404


def test_not_more_wait_than_there_may(client):
    settings = dataclasses.replace(client.context.settings, job_limit=1)
    client.context = dataclasses.replace(client.context, settings=settings)
    kicked(client, "GET", "Patient")

    assert client("GET", "Patient", **ASYNC).status == 429


def test_a_large_answer_is_kept_in_parts(client, monkeypatch):
    monkeypatch.setattr(later, "PART_BYTES", 100)
    for number in range(3):
        client.put(patient(id=str(number), name=[{"text": "x" * 100}]))
    where = kicked(client, "GET", "Patient")
    client.work()

    assert len(one(client, where)["resource"]["entry"]) == 3
