"""A body is waited for without a thread, and not for ever."""

from __future__ import annotations

import gc
import time
import weakref
from asyncio import CancelledError
from types import SimpleNamespace

import pytest

from fhir_server.errors import BadRequest, TooLarge, TooManyRequests, TooSlow, Unavailable
from fhir_server.rest.arriving import TICK_SECONDS, Arrival, Patience, overdue

PATIENCE = Patience(seconds=30, rate=100, together=1000, each=2)


class Piece:
    """What granian gives for a piece that was asked for."""

    def __init__(self):
        self.called, self.cancelled, self.piece = None, False, None

    def add_done_callback(self, call):
        self.called = call

    def cancel(self):
        self.cancelled = self.piece is None
        return self.cancelled

    def result(self):
        if self.cancelled:
            raise CancelledError
        return self.piece

    def come(self, piece):
        self.piece = piece
        self.called(self)


class Proto:
    """granian's end of one request; ``ends``: how many pieces it gives at most."""

    def __init__(self, ends=99):
        self.ends, self.asked = ends, []

    def __aiter__(self):
        return self

    def __anext__(self):
        if len(self.asked) >= self.ends:
            raise StopAsyncIteration
        self.asked.append(Piece())
        return self.asked[-1]


@pytest.fixture
def told():
    return []


def begun(told, length, *, largest=100, ends=99):
    proto = Proto(ends)
    arrival = Arrival(proto, length, "10.0.0.1", largest)
    arrival.begin(lambda _arrival, body: told.append(body))
    return arrival, proto


def test_a_body_is_told_when_its_last_byte_is_there(told):
    _, proto = begun(told, 5)
    assert told == []

    proto.asked[0].come(b"ab")
    assert told == []
    proto.asked[1].come(b"cde")

    assert told == [b"abcde"]
    assert len(proto.asked) == 2


def test_a_body_of_unknown_length_ends_where_granian_says_so(told):
    _, proto = begun(told, None, ends=2)

    proto.asked[0].come(b"ab")
    proto.asked[1].come(b"")

    assert told == [b"ab"]


@pytest.mark.parametrize("length", [None, 5])
def test_a_body_that_breaks_off_is_none(told, length):
    _, proto = begun(told, length)

    proto.asked[0].come(b"ab")
    proto.asked[1].come(b"")

    assert [type(each) for each in told] == [BadRequest]


def test_a_body_of_unknown_length_is_bounded_as_it_comes(told):
    _, proto = begun(told, None, largest=3)

    proto.asked[0].come(b"abcd")

    assert [type(each) for each in told] == [TooLarge]
    assert len(proto.asked) == 1


def test_who_is_given_up_is_told_once(told):
    arrival, proto = begun(told, 5)

    arrival.give_up(TooSlow("too slow"))
    proto.asked[0].called(proto.asked[0])

    assert [type(each) for each in told] == [TooSlow]


@pytest.mark.parametrize("given_up", [False, True])
def test_what_came_and_what_did_not_are_both_let_go(told, given_up):
    arrival, proto = begun(told, 5)
    promised = weakref.ref(proto.asked.pop())
    gc.disable()  # granian's promise holds on to the arrival where Python's collector does not look

    try:
        if given_up:
            arrival.give_up(TooSlow("too slow"))
        else:
            promised().come(b"abcde")
        assert len(told) == 1
        assert promised() is None
    finally:
        gc.enable()


def test_a_piece_that_came_just_now_keeps_it(told):
    arrival, proto = begun(told, 5)
    proto.asked[0].piece = b"abcde"

    arrival.give_up(TooSlow("too slow"))
    proto.asked[0].called(proto.asked[0])

    assert told == [b"abcde"]


def waiting(seconds, received=0, address="10.0.0.1"):
    return SimpleNamespace(begun=1000.0 - seconds, received=received, address=address)


def judged(*arrivals, patience=PATIENCE):
    return [(arrivals.index(each), type(why)) for each, why in overdue(arrivals, 1000.0, patience)]


def test_what_comes_too_slowly_is_given_up():
    assert judged(waiting(29), waiting(31)) == [(1, TooSlow)]


def test_what_comes_fast_enough_may_take_its_time():
    assert judged(waiting(35, received=600), waiting(37, received=600)) == [(1, TooSlow)]


def test_one_address_has_so_many_that_are_slow():
    slow = [waiting(20 - number) for number in range(4)]
    fast = waiting(TICK_SECONDS / 2)
    other = waiting(5, address="10.0.0.2")

    assert judged(*slow, fast, other) == [(2, TooManyRequests), (3, TooManyRequests)]


def test_no_address_is_bounded_where_the_operator_says_so():
    unbounded = Patience(seconds=30, rate=100, together=1000, each=0)

    assert judged(*[waiting(5)] * 50, patience=unbounded) == []


def test_what_all_hold_together_is_bounded_and_the_longest_goes_first():
    others = [waiting(0, received=size, address=str(size)) for size in (300, 500, 200, 301)]

    assert judged(*others) == [(1, Unavailable)]


def test_the_refusals_name_their_setting():
    slow, many = (waiting(99), waiting(5)), [waiting(5)] * 3
    large = [waiting(0, received=2000)]

    says = [str(why) for each in (slow, many, large) for _, why in overdue(each, 1000.0, PATIENCE)]

    for name in ("FHIR_BODY_SECONDS", "FHIR_SLOW_LIMIT", "FHIR_BODIES_LIMIT"):
        assert any(name in each for each in says), says


def test_the_clock_of_an_arrival_is_that_of_the_watch(told):
    arrival, _ = begun(told, 5)

    assert 0 <= time.monotonic() - arrival.begun < 600
