"""A client that asks too fast is told when it may again; others do not notice."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fhir_server.access import registry
from fhir_server.access.registry import write
from fhir_server.app import create_app
from fhir_server.auth.clients import Client, digest_of
from fhir_server.auth.scopes import ALL
from fhir_server.errors import TooManyRequests
from fhir_server.rest import pace
from fhir_server.rest.pace import Pace

ASKING = {"grant_type": "client_credentials"}


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_so_many_a_second_and_no_more(clock):
    limit = Pace(3, 1.0, "Too fast.", clock)
    for _ in range(3):
        limit.take("rs-a")

    with pytest.raises(TooManyRequests, match="Ask again in 1 s") as refused:
        limit.take("rs-a")

    assert refused.value.wait == 1
    limit.take("rs-b")
    clock.now = 0.34
    limit.take("rs-a")
    with pytest.raises(TooManyRequests):
        limit.take("rs-a")


def test_failures_count_and_successes_do_not(clock):
    limit = Pace(2, 60.0, "Too many.", clock)
    for _ in range(50):
        limit.take("10.0.0.1", cost=0)
    limit.take("10.0.0.1")
    limit.take("10.0.0.1")

    with pytest.raises(TooManyRequests) as refused:
        limit.take("10.0.0.1", cost=0)

    assert refused.value.wait == 30
    clock.now = 30.0
    limit.take("10.0.0.1", cost=0)


def test_nothing_is_counted_where_there_is_no_limit():
    limit = Pace(0, 1.0, "Too fast.")

    for _ in range(10_000):
        limit.take("rs-a")

    assert not limit._saved


def test_what_is_remembered_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(pace, "_MOST_REMEMBERED", 10)
    limit = Pace(5, 1.0, "Too fast.", clock)
    for number in range(100):
        clock.now = number * 0.5
        limit.take(f"client-{number}")

    assert len(limit._saved) <= 11


def test_who_comes_often_is_remembered_though_thousands_come_at_once(clock, monkeypatch):
    monkeypatch.setattr(pace, "_MOST_REMEMBERED", 10)
    limit = Pace(100, 60.0, "Too fast.", clock)
    for number in range(100):
        limit.take(f"client-{number}")
        limit.take("often", cost=1 if number < 99 else 0)

    assert len(limit._saved) == 10
    limit.take("often")
    with pytest.raises(TooManyRequests):
        limit.take("often")


@pytest.fixture
def door(context, monkeypatch):
    """A server of small limits with one client, and that client's token."""
    monkeypatch.setattr(registry, "FRESH_SECONDS", 0.0)
    made = Client("app", frozenset({ALL}), datetime.now(UTC), digest=digest_of("right"))
    context.store.clients.add(write(made))
    settings = replace(context.settings, rate_limit=2, sign_in_limit=2)
    http = create_app(replace(context, settings=settings)).test_client()
    said = http.post("/oauth2/token", data=ASKING, auth=("app", "right")).json
    return http, {"Authorization": f"Bearer {said['access_token']}"}


def test_who_asks_too_fast_gets_429_and_when_to_come_again(door, clock):
    http, headers = door
    http.application.gate.pace._clock = clock
    for _ in range(2):
        assert http.get("/fhir/Patient", headers=headers).status_code == 200

    said = http.get("/fhir/Patient", headers=headers)

    assert said.status_code == 429
    assert said.headers["Retry-After"] == "1"
    assert said.json["issue"][0]["code"] == "throttled"


def test_who_guesses_secrets_has_to_wait(door):
    http, _ = door
    for _ in range(2):
        assert http.post("/oauth2/token", data=ASKING, auth=("app", "wrong")).status_code == 401

    said = http.post("/oauth2/token", data=ASKING, auth=("app", "right"))

    assert said.status_code == 429
    assert said.json["error"] == "slow_down"
    assert int(said.headers["Retry-After"]) > 0
