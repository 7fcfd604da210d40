"""One token for all threads, renewed ahead of its end; logins are not asked for too often."""

import threading

import pytest

from fhir_server.bridges.satusehat.login import Answered, Login, NoToken
from fhir_server.bridges.satusehat.meaning import Kind, Meaning

THROTTLED = Meaning(Kind.THROTTLED, "HTTP 429")


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Platform:
    """Counts the logins; gives what it was told to give next, else a token."""

    def __init__(self, *refusals, lasts="3599"):
        self.refusals = list(refusals)
        self.lasts = lasts
        self.count = 0

    def __call__(self):
        self.count += 1
        if self.refusals:
            return Answered({}, self.refusals.pop(0))
        return Answered({"access_token": f"t{self.count}", "expires_in": self.lasts}, None)


def test_many_threads_share_one_login():
    platform = Platform()
    login = Login(platform, Clock())
    found = []
    threads = [threading.Thread(target=lambda: found.append(login.token())) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert (found, platform.count) == (["t1"] * 16, 1)


@pytest.mark.parametrize("lasts", ["3599", 3599, "3599.0"])
def test_a_token_is_renewed_ahead_of_its_end(lasts):
    clock, platform = Clock(), Platform(lasts=lasts)
    login = Login(platform, clock)
    login.token()

    clock.now = 3200
    before = login.token()
    clock.now = 3400
    after = login.token()

    assert (before, after) == ("t1", "t2")


def test_a_token_that_says_not_how_long_it_lasts_is_renewed_within_the_hour():
    clock, platform = Clock(), Platform(lasts=None)
    login = Login(platform, clock)
    login.token()

    clock.now = 3000

    assert login.token() == "t2"


def test_after_a_throttled_login_nobody_asks_before_the_pause_which_doubles():
    clock, platform = Clock(), Platform(THROTTLED, THROTTLED)
    login = Login(platform, clock)
    with pytest.raises(NoToken) as first:
        login.token()
    with pytest.raises(NoToken):
        login.token()
    asked = platform.count
    clock.now = first.value.seconds
    with pytest.raises(NoToken) as second:
        login.token()

    assert (asked, platform.count) == (1, 2)
    assert second.value.seconds == 2 * first.value.seconds
    clock.now += second.value.seconds
    assert login.token() == "t3"


def test_a_token_that_was_renewed_meanwhile_is_not_dropped():
    login = Login(Platform(), Clock())
    old = login.token()
    login.expired(old)
    new = login.token()

    login.expired(old)

    assert login.token() == new
