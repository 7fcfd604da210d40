"""Subscriptions from the request to the endpoint: R4's own way, in order, with back-off and end."""

import json

import pytest

from fhir_server.bridges.subscriptions import reaching
from tests.bridges.subscriptions.conftest import said, status, until

FULL = {"payload": "application/fhir+json"}


def woman(name, **more):
    return {"resourceType": "Patient", "id": name, "gender": "female", **more}


def put(by, *people):
    for each in people:
        assert by("PUT", f"Patient/{each['id']}", each).status_code in (200, 201)


def paths(receiver):
    return [(each["method"], each["path"]) for each in receiver.got]


def test_a_requested_subscription_becomes_active_and_is_told(operator, subscribe, receiver, worker):
    worker()
    made = subscribe(receiver.url, channel=FULL)
    assert status(operator, made) == "active"

    put(operator, woman("siti"), woman("budi") | {"gender": "male"}, woman("dewi"))

    until(lambda: len(receiver.got) == 2)
    assert paths(receiver) == [("PUT", "/hook/Patient/siti"), ("PUT", "/hook/Patient/dewi")]
    assert json.loads(receiver.got[0]["body"])["id"] == "siti"
    assert receiver.got[0]["headers"]["Content-Type"] == "application/fhir+json"


def test_without_a_payload_only_that_something_happened_is_told(
    operator, subscribe, receiver, worker
):
    worker()
    subscribe(receiver.url)

    put(operator, woman("siti"))

    until(lambda: receiver.got)
    assert paths(receiver) == [("POST", "/hook")]
    assert receiver.got[0]["body"] == b""


def test_id_only_names_the_resource_and_no_more(operator, subscribe, receiver, worker):
    worker()
    level = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-"
    extension = [{"url": f"{level}payload-content", "valueCode": "id-only"}]
    subscribe(receiver.url, channel=FULL | {"_payload": {"extension": extension}})

    put(operator, woman("siti"))

    (bundle,) = until(receiver.bundles)
    assert bundle["entry"][1]["fullUrl"].endswith("/fhir/Patient/siti")
    assert "resource" not in bundle["entry"][1]
    assert said(bundle)["status"] == "active"


def test_each_version_is_sent_as_it_was_and_in_order(operator, subscribe, receiver, worker):
    worker()
    subscribe(receiver.url, channel=FULL)
    receiver.mood = lambda _: 503
    for year in range(1980, 1990):
        put(operator, woman("siti", birthDate=str(year)))
    receiver.mood = lambda _: 200

    until(lambda: len(receiver.got) == 10)
    told = [json.loads(each["body"])["birthDate"] for each in receiver.got]
    assert told == [str(year) for year in range(1980, 1990)]


def test_what_failed_comes_again_and_nothing_overtakes_it(operator, subscribe, receiver, worker):
    worker()
    subscribe(receiver.url, channel=FULL)
    refused = []

    def once(given):
        if given["path"] not in refused:
            refused.append(given["path"])
            return 500
        return 200

    receiver.mood = once
    put(operator, *(woman(f"p{number}") for number in range(5)))

    until(lambda: len(receiver.got) == 5)
    assert [path for _, path in paths(receiver)] == [f"/hook/Patient/p{n}" for n in range(5)]
    assert len(refused) == 5


def test_after_too_many_failures_it_ends_and_says_why(operator, subscribe, receiver, worker):
    worker()
    made = subscribe(receiver.url, channel=FULL)
    receiver.mood = lambda _: 500
    put(operator, woman("siti"))

    until(lambda: status(operator, made) == "error")
    ended = operator("GET", f"Subscription/{made}").json
    assert ended["error"] == "12 attempts in a row have failed; the last: the endpoint answered 500"

    put(operator, woman("dewi"))
    receiver.mood = lambda _: 200
    operator("PUT", f"Subscription/{made}", {**ended, "status": "requested"}, 200)

    until(lambda: len(receiver.got) >= 1)
    assert paths(receiver)[0] == ("PUT", "/hook/Patient/siti")
    assert "error" not in operator("GET", f"Subscription/{made}").json


def test_a_slow_endpoint_holds_up_nobody_else(operator, subscribe, receiver, worker):
    worker()
    subscribe(f"{receiver.url}/slow", channel=FULL)
    subscribe(f"{receiver.url}/quick", channel=FULL)
    receiver.mood = lambda given: None if "slow" in given["path"] else 200

    put(operator, woman("siti"), woman("dewi"))

    until(lambda: len(receiver.got) == 2)
    assert {path for _, path in paths(receiver)} == {
        "/hook/quick/Patient/siti",
        "/hook/quick/Patient/dewi",
    }


def test_what_happens_while_no_worker_runs_is_sent_by_the_next(
    operator, subscribe, receiver, worker
):
    end = worker()
    subscribe(receiver.url, channel=FULL)
    put(operator, woman("before"))
    until(lambda: len(receiver.got) == 1)
    end()
    put(operator, woman("meanwhile"), woman("later"))
    assert len(receiver.got) == 1

    worker()

    until(lambda: len(receiver.got) == 3)
    assert [path.rpartition("/")[2] for _, path in paths(receiver)] == [
        "before",
        "meanwhile",
        "later",
    ]


def test_two_workers_send_each_thing_once(operator, subscribe, receiver, worker):
    worker()
    worker()
    made = [subscribe(f"{receiver.url}/{number}", channel=FULL) for number in range(3)]

    put(operator, *(woman(f"p{number}") for number in range(10)))

    until(lambda: len(receiver.got) >= 30)
    assert len(made) == 3
    assert sorted(set(paths(receiver))) == sorted(paths(receiver))


@pytest.mark.parametrize("change", ["off", "deleted"])
def test_what_is_turned_off_is_told_nothing(operator, subscribe, receiver, worker, change):
    worker()
    made = subscribe(receiver.url)
    whole = operator("GET", f"Subscription/{made}").json
    if change == "off":
        operator("PUT", f"Subscription/{made}", {**whole, "status": "off"}, 200)
    else:
        operator("DELETE", f"Subscription/{made}", status=204)
    other = subscribe(f"{receiver.url}/other")
    put(operator, woman("siti"))

    until(lambda: receiver.got)
    assert {path for _, path in paths(receiver)} == {"/hook/other"}
    assert status(operator, other) == "active"


def test_it_ends_when_its_time_is_over(operator, subscribe, receiver, worker):
    worker()
    made = subscribe(receiver.url, end="2020-01-01T00:00:00Z")

    assert status(operator, made) == "off"


WRONG = [
    ("Patient?nonsense=1", {}, "nonsense"),
    ("Nonsense?a=b", {}, "no resource type"),
    ("Observation?patient.gender=female", {}, "references"),
    ("Patient?name:contains=ti", {}, "single resource"),
    ("https://elsewhere.example/topic", {}, "no topic"),
    ("Patient", {"type": "email", "endpoint": "mailto:a@example.org"}, "email"),
    ("Patient", {"endpoint": "https://10.1.2.3/hook"}, "private"),
    ("Patient", {"endpoint": "http://example.org/hook"}, "https"),
    ("Patient", {"endpoint": "https://me:secret@example.org/hook"}, "user"),
    ("Patient", {"endpoint": "https://[::ffff:10.0.0.1]/"}, "private"),
    ("Patient", {"endpoint": "https://[64:ff9b::7f00:1]/"}, "private"),
    ("Patient", {"endpoint": "https://localhost/"}, "private"),
    ("Patient", {"endpoint": "https://169.254.169.254/latest"}, "private"),
]


def test_what_can_never_be_told_is_an_error_at_once(operator, subscribe, worker):
    worker()
    made = [
        subscribe("https://10.0.0.1/", criteria, channel=channel, wait=False)
        for criteria, channel, _ in WRONG
    ]

    until(lambda: all(status(operator, each) == "error" for each in made))
    for subscription, (_, _, why) in zip(made, WRONG, strict=True):
        error = operator("GET", f"Subscription/{subscription}").json["error"]
        assert why in error
        assert "secret" not in error


def test_a_name_is_judged_by_every_address_it_has(monkeypatch):
    found = [(0, 0, 0, "", ("93.184.215.14", 443)), (0, 0, 0, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(reaching.socket, "getaddrinfo", lambda *_, **__: found)

    with pytest.raises(reaching.Forbidden, match="private"):
        reaching.touch(reaching.endpoint("https://rebound.example/", ""), 1.0)


def test_a_redirect_is_not_followed(operator, subscribe, receiver, worker):
    worker()
    made = subscribe(receiver.url)
    receiver.mood = lambda _: 302
    put(operator, woman("siti"))

    until(lambda: status(operator, made) == "error")
    assert "302" in operator("GET", f"Subscription/{made}").json["error"]


def test_an_endpoint_that_dies_is_told_when_it_lives_again(operator, subscribe, receiver, worker):
    worker()
    subscribe(receiver.url, channel=FULL)
    tried = []
    receiver.mood = tried.append  # takes the request and closes without an answer
    receiver.free.set()
    put(operator, woman("siti"), woman("dewi"))
    until(lambda: len(tried) > 1)
    receiver.mood = lambda _: 200

    until(lambda: len(receiver.got) == 2)
    assert [path for _, path in paths(receiver)] == ["/hook/Patient/siti", "/hook/Patient/dewi"]
